// Reports clicks on the buttons of jobs, and lets the driving video follow the result.
// Gradio calls this with `element` and `trigger`.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (!button || (button.dataset.confirm && !window.confirm(button.dataset.confirm))) return;
  const { action, place, job } = button.dataset;
  trigger("click", { action, place, job });
  if (action === "select" && window.innerWidth < 800) {
    document.getElementById("panel").scrollIntoView({ behavior: "smooth" });
  }
});
for (const type of ["play", "pause", "seeked", "timeupdate"]) {
  element.addEventListener(type, (event) => {
    const follower = element.querySelector("video[data-follows]");
    if (!follower || event.target === follower) return;
    const time = event.target.currentTime + Number(follower.dataset.offset);
    if (Math.abs(follower.currentTime - time) > 0.2 && time < follower.duration) follower.currentTime = time;
    if (event.target.paused) follower.pause();
    else if (follower.paused && time < follower.duration) follower.play().catch(() => {});
  }, true);
}
element.addEventListener("loadeddata", (event) => {  // a copied element is not muted, and would have to wait for a click
  const video = event.target;
  if (video.hasAttribute("muted")) video.muted = true;
  if (video.autoplay && video.paused) video.play().catch(() => {});
}, true);
