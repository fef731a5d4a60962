// A place for one file: shows it at once, sends it, and says what our readers found in it.
// Gradio calls this with `element`, `props` and `watch`.
const zone = element.querySelector(".drop");
const input = zone.querySelector("input");
const view = zone.querySelector(".view");
const note = zone.querySelector(".note");
const { kind, limit, limitText } = zone.dataset;
let request = null;

function say(text, isError = false) {
  note.textContent = text;
  note.classList.toggle("error", isError);
}

function show(url, isVideo) {
  view.replaceChildren();
  zone.classList.toggle("filled", Boolean(url));
  if (!url) return;
  const media = document.createElement(isVideo ? "video" : "img");
  if (isVideo) Object.assign(media, { muted: true, loop: true, autoplay: true, playsInline: true });
  else media.alt = "";
  media.onerror = () => view.replaceChildren();
  media.src = url;
  view.append(media);
}

function clear() {
  request?.abort();
  request = null;
  input.value = "";
  props.value = null;
  show(null);
  say("");
}

function fail(text) {
  clear();
  say(text, true);
}

function describe(facts) {
  const parts = [facts.name];
  if (facts.width) parts.push(`${facts.width} × ${facts.height}`);
  if (facts.seconds) parts.push(`${facts.seconds.toFixed(1)} s`);
  return parts.join(", ");
}

function send(file) {
  clear();
  if (file.size > Number(limit)) return fail(`${file.name} is larger than ${limitText}`);
  show(URL.createObjectURL(file), !file.type.startsWith("image/"));
  request = new XMLHttpRequest();
  request.open("POST", `uploads?kind=${kind}`);
  request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
  request.upload.onprogress = (event) => say(`Uploading, ${Math.round((100 * event.loaded) / event.total)} %`);
  request.upload.onload = () => say("Checking the file");
  request.onerror = () => fail("The upload was interrupted: try again");
  request.onload = () => {
    let facts = {};
    try { facts = JSON.parse(request.responseText); } catch { /* not ours */ }
    if (request.status !== 200) return fail(facts.error ?? "The upload failed: try again");
    props.value = { number: facts.number, name: facts.name };
    say(describe(facts));
  };
  request.send(file);
}

input.addEventListener("change", () => input.files.length && send(input.files[0]));
zone.querySelector(".clear").addEventListener("click", clear);
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  zone.addEventListener(type, (event) => {
    event.preventDefault();
    zone.classList.toggle("over", type === "dragenter" || type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
  });
}
watch("value", () => {
  if (!props.value) return;
  show(`uploads/${props.value.number}`, kind === "driving");
  say(props.value.name);
});
