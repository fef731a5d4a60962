"""The page: tabs with forms on the left, what they make on the right. Everything it does is in `desk`.

In: a `Desk`. Out: Gradio's `Blocks`. A timer asks once a second what has changed, and only that is sent.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from importlib.resources import files
from typing import Any

import gradio as gr
from gradio.themes import Base

from gfla_cli.ui import views
from gfla_cli.ui.desk import Desk, Selection
from gfla_cli.ui.forms import BACKGROUNDS, TASKS, Task, make_fields, read_fields
from gfla_cli.ui.uploads import describe_size
from models.errors import GflaError, explain

TICK = 1.0  # seconds
ACCEPTED = {
    "picture": "image/*",
    "driving": "video/*,image/gif,image/webp,.mkv,.mov,.avi,.json",
    "background": "image/*,video/*",
}
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
THEME = Base(primary_hue="teal", neutral_hue="stone", font=FONT, font_mono=("ui-monospace", "monospace"))
HIDDEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
SHOW_PANEL = "() => { if (innerWidth < 800) document.getElementById('panel').scrollIntoView({behavior: 'smooth'}) }"
PART = ("start", "end")  # side by side
FILTERS = ("All", "Failed", "Waiting", "Done")


def build_page(desk: Desk) -> gr.Blocks:
    """The page for one desk; many people may open it, each with a selection of their own."""
    with gr.Blocks(title="gfla", analytics_enabled=False) as page:
        selection, shown = gr.State(None), gr.State({})
        gr.HTML(_asset("header.html"), apply_default_css=False)
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=5, min_width=320), gr.Tabs(selected="batch" if desk.batch else TASKS[0].command):
                forms = [_build_form(desk, task) for task in TASKS]
                batch = _build_batch() if desk.batch else None
            with gr.Column(scale=7, min_width=320):
                notice = gr.HTML("", apply_default_css=False, elem_classes="notice")
                panel = _active_html("", elem_id="panel")
                with gr.Column(elem_id="own-jobs"):
                    gr.HTML("<h2>Jobs</h2>", apply_default_css=False)
                    jobs = _active_html("")
        lists = {"queue": jobs} | ({"batch": batch["jobs"], "about": batch["about"]} if batch else {})
        filters = [batch["state"], batch["text"]] if batch else []
        refresh = {
            "fn": partial(_refresh, desk, list(lists)),
            "inputs": [selection, shown, *filters],
            "outputs": [shown, panel, *lists.values()],
            **HIDDEN,
        }
        gr.Timer(TICK).tick(queue=False, **refresh)
        page.load(queue=False, **refresh)
        for form in forms:
            _connect_form(desk, form, selection, shown, panel, refresh)
        for active in (panel, *([batch["jobs"], batch["about"]] if batch else []), jobs):
            acted = active.click(_make_act(desk), [selection], [selection, notice], queue=False, **HIDDEN)
            acted.then(queue=False, **refresh)
        if batch:
            for field in filters:
                field.change(queue=False, **refresh)
    return page


def page_options() -> dict[str, Any]:
    """How Gradio shows the page."""
    return {"theme": THEME, "css": _asset("page.css"), "footer_links": []}


@dataclass(frozen=True)
class _Form:
    """The components of a tab."""

    task: Task
    source: gr.HTML
    driving: gr.HTML | None
    background: list[Any]
    """Its kind, colour and file; empty where there is no choice."""
    also: gr.HTML | None
    """Where another picture of the person goes."""
    fields: dict[str, Any]
    """By the name of the option."""
    example: gr.Button
    message: gr.HTML
    preview: gr.Button
    submit: gr.Button

    @property
    def drops(self) -> list[gr.HTML]:
        """The places for files that every job needs."""
        return [self.source, *([self.driving] if self.driving else [])]

    @property
    def inputs(self) -> list[Any]:
        """What `read` takes."""
        return [*self.drops, *self.background, *([self.also] if self.also else []), *self.fields.values()]

    def read(self, desk: Desk, *values: Any) -> tuple[Any, Any, dict[str, str]]:
        """Picture, video and options, from what the components say. Raises InputError."""
        left = list(values)
        source, driving = left.pop(0), left.pop(0) if self.driving else None
        options = desk.read_background(left.pop(0), left.pop(0), left.pop(0)) if self.background else {}
        options |= desk.read_also(left.pop(0)) if self.also else {}
        return source, driving, options | read_fields(list(self.fields), left, self.task.config)


def _build_form(desk: Desk, task: Task) -> _Form:
    is_main = task.command == "animate"
    with gr.Tab(task.title, id=task.command):
        with gr.Row(elem_classes="drops"):
            source = _drop_zone(desk, f"{task.command}-source", task.source, "picture")
            driving = _drop_zone(desk, f"{task.command}-driving", task.driving, "driving") if task.driving else None
        example = gr.Button("Use the example", size="sm", elem_classes="example", visible=is_main)
        background = _build_background(desk) if is_main else []
        fields = make_fields(task.config, [name for name in task.first if name not in PART])
        with gr.Row():
            fields |= make_fields(task.config, [name for name in task.first if name in PART])
        message = gr.HTML("", apply_default_css=False, elem_classes="notice")
        with gr.Row(elem_classes="actions"):
            preview = gr.Button("Preview", visible=is_main)
            submit = gr.Button(task.action, variant="primary", elem_id=f"{task.command}-submit")
        with gr.Accordion("More options", open=False):
            also = _build_also(desk) if is_main else None
            fields |= make_fields(task.config, task.more)
    return _Form(task, source, driving, background, also, fields, example, message, preview, submit)


def _build_also(desk: Desk) -> gr.HTML:
    with gr.Row(elem_classes="drops low"):
        return _drop_zone(desk, "animate-also", "Another picture of the person, from behind for example", "picture")


def _build_background(desk: Desk) -> list[Any]:
    """The kind of background, its colour, its file."""
    choices = [(label, value) for value, label in BACKGROUNDS.items()]
    kind = gr.Radio(choices, value="picture", label="Background", elem_classes="option-background")
    colour = gr.ColorPicker(value="#ffffff", label="Colour", visible=False)
    with gr.Row(visible=False) as row:
        file = _drop_zone(desk, "background-file", "Picture or video for the background", "background")
    kind.change(
        lambda kind: [gr.update(visible=kind == "colour"), gr.update(visible=kind == "file")],
        *(kind, [colour, row]),
        queue=False,
        **HIDDEN,
    )
    return [kind, colour, file]


def _build_batch() -> dict[str, Any]:
    with gr.Tab("Batch", id="batch", elem_id="batch"):
        about = _active_html("")
        state = gr.Radio(FILTERS, value="All", label="Show", elem_classes="option-state")
        text = gr.Textbox(label="Search", placeholder="Part of a name")
        jobs = _active_html("")
    return {"about": about, "state": state, "text": text, "jobs": jobs}


def _connect_form(
    desk: Desk, form: _Form, selection: gr.State, shown: gr.State, panel: gr.HTML, refresh: dict[str, Any]
) -> None:
    begin = form.submit.click
    if form.task.command == "animate":
        outputs = [selection, shown, panel, form.message]
        preview = partial(_preview, desk, form)
        previewed = form.preview.click(preview, form.inputs, outputs, concurrency_limit=1, **HIDDEN)
        form.preview.click(None, js=SHOW_PANEL, **HIDDEN)
        form.example.click(desk.add_example, None, form.drops, queue=False, **HIDDEN)
        begin = form.submit.click(None, cancels=[previewed], **HIDDEN).then  # so that a preview has ended by then
    submit, outputs = partial(_submit, desk, form), [selection, form.message]
    submitted = begin(submit, [selection, *form.inputs], outputs, queue=False, **HIDDEN)
    submitted.then(queue=False, **refresh).then(None, js=SHOW_PANEL, **HIDDEN)


def _submit(desk: Desk, form: _Form, selection: Selection, *values: Any) -> tuple[Selection, str]:
    try:
        return desk.submit(form.task, *form.read(desk, *values)), ""
    except GflaError as error:
        return selection, views.message(explain(error))


async def _preview(desk: Desk, form: _Form, *values: Any) -> AsyncIterator[list[Any]]:
    states: list[Any] = [("preview", ""), {}]  # the panel is no longer what it was
    try:
        async for html in desk.preview(*form.read(desk, *values)):
            yield [*states, html, ""]
            states = [gr.skip(), gr.skip()]  # whoever has chosen a job in the meantime keeps it
    except GflaError as error:
        yield [None, {}, gr.skip(), views.message(desk.uploads.shorten(explain(error)))]


def _make_act(desk: Desk) -> Callable[[Selection, gr.EventData], tuple[Selection, str]]:
    """A listener for clicks on buttons of jobs. Gradio reads its annotations."""

    def act(selection: Selection, event: gr.EventData) -> tuple[Selection, str]:
        about = event._data if isinstance(event._data, dict) else {}
        try:
            return desk.act(selection, *(str(about.get(name)) for name in ("action", "place", "job"))), ""
        except GflaError as error:
            return selection, views.message(explain(error))

    return act


def _refresh(desk: Desk, lists: list[str], selection: Selection, shown: dict[str, int], *filters: str) -> list[Any]:
    """What has changed since this page was last told; `shown` has digests of what it shows."""
    html = desk.describe(selection, *filters)
    digests = {name: hash(text) for name, text in html.items()}
    if digests == shown:
        return [gr.skip()] * (2 + len(lists))
    changed = [
        html[name] if digests.get(name) != shown.get(name) else gr.skip() for name in ("panel", *lists) if name in html
    ]
    return [digests, *([] if "panel" in html else [gr.skip()]), *changed]


def _active_html(value: str, **options: Any) -> gr.HTML:
    """HTML whose buttons are heard."""
    return gr.HTML(value, js_on_load=_asset("actions.js"), apply_default_css=False, **options)


def _drop_zone(desk: Desk, name: str, label: str | None, kind: str) -> gr.HTML:
    """A place for a file; its value is the number and the name of an upload."""
    template = _asset("drop.html")
    limit = desk.uploads.max_bytes
    filled = {"id": name, "label": escape(label or ""), "kind": kind, "accept": ACCEPTED[kind]}
    filled |= {"limit": str(limit), "limit_text": describe_size(limit)}
    for key, text in filled.items():
        template = template.replace(f"[{key}]", text)
    return gr.HTML(None, html_template=template, js_on_load=_asset("drop.js"), apply_default_css=False, elem_id=name)


def _asset(name: str) -> str:
    return (files("gfla_cli.ui") / "assets" / name).read_text("utf-8")
