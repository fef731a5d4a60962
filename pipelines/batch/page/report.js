"use strict";
// Text from jobs enters the page as text nodes only. Rows are added PAGE at a time as the reader scrolls.
const PAGE = 60;
const STATES = ["failed", "started", "queued", "done"];
const COLUMNS = [
  { key: "name", title: "Job" },
  { key: "state", title: "State", value: (row) => STATES.indexOf(row.state) },
  { key: "source", title: "Source", show: (row) => fileName(row.source) },
  { key: "driving", title: "Driving", show: (row) => fileName(row.driving) },
  { key: "seconds", title: "Time", number: true, show: (row) => duration(row.seconds) },
  { key: "frames", title: "Frames", number: true, show: (row) => count(row.frames) },
  { key: "notes", title: "Messages", value: (row) => (row.reason === null ? 0 : 1e6) + row.warnings.length },
];
const order = new Intl.Collator(undefined, { numeric: true });
const at = (id) => document.getElementById(id);
const report = JSON.parse(at("report").textContent);
let thumbnails = [];
const view = { state: null, text: "", key: null, down: false, rows: [], shown: 0 };

function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function duration(seconds) {
  if (seconds === null) return "";
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function count(number) {
  return number === null ? "" : number.toLocaleString();
}

function fileName(path) {
  return (path ?? "").split(/[\\/]/).pop();
}

function jobs(number) {
  return `${count(number)} ${number === 1 ? "job" : "jobs"}`;
}

// What is shown

function refresh() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  view.rows = report.rows.filter(
    (row) => (view.state === null || row.state === view.state) && words.every((word) => row.search.includes(word)),
  );
  if (view.key !== null) view.rows.sort(comparison(COLUMNS.find((column) => column.key === view.key)));
  view.shown = 0;
  at("rows").replaceChildren();
  at("matches").textContent =
    view.rows.length === report.rows.length ? "" : `${jobs(view.rows.length)} of ${count(report.rows.length)}`;
  for (const button of at("states").querySelectorAll("button"))
    button.ariaPressed = button.value === (view.state ?? "");
  for (const head of at("heads").querySelectorAll("[data-key]")) {
    head.ariaSort = head.dataset.key !== view.key ? "none" : view.down ? "descending" : "ascending";
  }
  at("sort").value = view.key ?? "";
  extend();
}

function comparison({ key, value = (row) => row[key] }) {
  const sign = view.down ? -1 : 1;
  return (first, second) => {
    const [a, b] = [value(first), value(second)];
    if (a === null || b === null) return (a === null) - (b === null); // unknown values last, in both directions
    return sign * (typeof a === "number" ? a - b : order.compare(a, b)) || first.number - second.number;
  };
}

function extend() {
  const next = view.rows.slice(view.shown, view.shown + PAGE);
  at("rows").append(...next.map(line));
  view.shown += next.length;
  const left = view.rows.length - view.shown;
  at("more").hidden = left === 0;
  at("more").textContent = `Show more (${count(left)} left)`;
}

// One job

function line(row) {
  const cells = COLUMNS.map(({ key, title, number, show = (row) => row[key] }) =>
    element(
      "td",
      { role: "cell", className: number ? "number" : `of-${key}`, "data-title": title },
      ...content(row, key, show(row)),
    ),
  );
  return element(
    "tr",
    { role: "row", id: `job-${row.number}` },
    element("td", { role: "cell", className: "of-result" }, ...opener(row)),
    ...cells,
  );
}

function content(row, key, text) {
  if (key === "state") return [element("span", { className: `state ${text}` }, text)];
  if (key === "notes") return notes(row);
  if (key === "name") return [element("b", {}, text), element("small", {}, row.command)];
  return [text];
}

function notes(row) {
  const lines = row.warnings.map((text) => element("p", {}, text));
  const many =
    lines.length > 2 ? [element("details", {}, element("summary", {}, `${lines.length} warnings`), ...lines)] : lines;
  return row.reason === null ? many : [element("p", { className: "reason" }, row.reason), ...many];
}

function opener(row) {
  if (row.kind === null) return [];
  const label = `${row.kind === "video" ? "Play" : "Show"} ${row.name}`;
  const button = element("button", {
    type: "button",
    className: `open ${row.kind}`,
    ariaLabel: label,
    ariaExpanded: "false",
  });
  button.append(element("img", { alt: "", loading: "lazy", decoding: "async", ...picture(row) }));
  button.addEventListener("click", () => toggle(row, button));
  return [button];
}

function picture(row) {
  const data = thumbnails[row.number];
  return data ? { src: `data:image/jpeg;base64,${data}` } : {};
}

function toggle(row, button) {
  const line = at(`job-${row.number}`);
  const open = button.ariaExpanded === "true";
  button.ariaExpanded = String(!open);
  if (open) return line.nextElementSibling.remove();
  const cell = element(
    "td",
    { role: "cell", colSpan: COLUMNS.length + 1 },
    element("div", {}, ...media(row), facts(row)),
  );
  line.after(element("tr", { role: "row", className: "detail" }, cell));
  cell
    .querySelector("video")
    ?.play()
    .catch(() => {}); // a file that can't be played is reported by its error event
  cell.querySelector("video, a").focus();
}

function media(row) {
  if (row.kind === "pictures") {
    return [
      element(
        "div",
        { className: "strip" },
        ...row.pictures.map((url) => element("img", { src: url, alt: "", loading: "lazy" })),
      ),
    ];
  }
  if (row.kind === "picture") return [element("img", { src: row.url, alt: `Result of ${row.name}` })];
  const { src: poster = "" } = picture(row);
  const video = element("video", {
    controls: true,
    preload: "none",
    loop: true,
    playsInline: true,
    poster,
    src: row.url,
    ariaLabel: row.name,
  });
  video.addEventListener("error", () =>
    video.replaceWith(
      element("p", { className: "reason" }, "This browser can't play the file, or it is no longer there."),
    ),
  );
  return [video];
}

function facts(row) {
  const name = row.kind === "pictures" ? `${row.output} (${count(row.count)} pictures)` : row.output;
  const lines = [element("a", { href: row.url }, name)];
  for (const [title, text] of [
    ["Source", row.source],
    ["Driving", row.driving],
    ["SHA-256", row.sha256],
  ]) {
    if (text) lines.push(element("small", {}, `${title} ${text}`));
  }
  return element("p", { className: "facts" }, ...lines);
}

// The page

function heads() {
  const cells = COLUMNS.map(({ key, title, number }) => {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => sortBy(key, view.key === key && !view.down));
    return element(
      "th",
      { role: "columnheader", scope: "col", className: number ? "number" : `of-${key}`, "data-key": key },
      button,
    );
  });
  at("heads").append(
    element(
      "th",
      { role: "columnheader", scope: "col", className: "of-result" },
      element("span", { className: "hidden" }, "Result"),
    ),
    ...cells,
  );
  at("sort").append(
    element("option", { value: "" }, "order in the batch"),
    ...COLUMNS.map(({ key, title }) => element("option", { value: key }, title)),
  );
}

function sortBy(key, down) {
  Object.assign(view, { key, down });
  refresh();
}

function states() {
  const total = report.rows.length;
  for (const [state, number] of [["", total], ...STATES.map((state) => [state, report.counts[state]])]) {
    const button = element(
      "button",
      { type: "button", value: state, className: state, disabled: number === 0 },
      element("b", {}, count(number)),
      ` ${state || "all"}`,
    );
    button.addEventListener("click", () => {
      view.state = state || null;
      refresh();
    });
    at("states").append(button);
  }
}

function start() {
  report.rows.forEach((row, number) => {
    const texts = [
      row.name,
      row.command,
      row.state,
      row.source,
      row.driving ?? "",
      row.output,
      row.reason ?? "",
      ...row.warnings,
    ];
    Object.assign(row, { number, search: texts.join("\n").toLowerCase() });
  });
  const worked = report.rows.reduce((sum, row) => sum + (row.seconds ?? 0), 0);
  document.title = `gfla batch: ${count(report.counts.done)} of ${jobs(report.rows.length)} done`;
  at("command").textContent = report.command;
  const summary = [jobs(report.rows.length), worked && `${duration(worked)} of work`, report.wall_seconds && `last run ${duration(report.wall_seconds)}`];
  summary.push(`written ${new Date(report.written).toLocaleString()}`);
  at("summary").textContent = summary.filter(Boolean).join(", ");
  at("warnings").append(...report.warnings.map((line) => element("li", {}, line)));
  heads();
  states();
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  at("text").addEventListener("input", (event) => {
    view.text = event.target.value;
    refresh();
  });
  at("sort").addEventListener("change", (event) => sortBy(event.target.value || null, false));
  at("more").addEventListener("click", extend);
  new IntersectionObserver((seen) => seen[0].isIntersecting && extend(), { rootMargin: "800px" }).observe(at("more"));
  refresh();
}

function illustrate() {
  thumbnails = JSON.parse(at("thumbnails").textContent);
  for (const line of at("rows").children) {
    const row = report.rows[Number(line.id.slice(4))];
    const image = line.querySelector(".open img");
    if (image !== null) Object.assign(image, picture(row));
  }
}

start();
document.addEventListener("DOMContentLoaded", illustrate); // thumbnails are at the end of the page, after this script
