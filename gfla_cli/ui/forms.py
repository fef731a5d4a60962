"""Options of a command as fields of the page: kind, choices and default from its config, help text from the docstring.

In: the class of a config. Out: Gradio components, and what they say as text by option, which the parser of the command
reads like its own command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import gradio as gr

from pipelines.configs import AnimateConfig, FaceConfig, LandmarkDetectorName, ViewSynthConfig
from pipelines.option_groups import DetectorName
from pipelines.runtime.field_docs import field_docs

# What fields are called where it is not the name of the option.
LABELS = {
    "start": "From",
    "end": "Until",
    "max_frames": "Frames at most",
    "fps": "Frames per second",
    "on_missing": "Frames without a person",
    "retarget": "Fit to the person",
    "place": "Path through the picture",
    "face": "Move the face, too",
    "people": "Several people",
    "compare": "Side by side",
    "frame": "Show",
    "audio": "Sound",
    "keypoints": "Find people with",
    "landmarks": "Find faces with",
    "crf": "Encoding quality",
    "views": "Views in one turn",
    "azimuth": "The picture shows it from",
    "suffix": "File type",
    "category": "Object",
}
# Choices of options that take any text.
CHOICES: dict[str, tuple[str, ...]] = {
    "audio": ("driving", "none"),
    "keypoints": get_args(DetectorName),
    "landmarks": ("auto", *get_args(LandmarkDetectorName)),
    "suffix": (".mp4", ".mov", ".webm", ".mkv", ".gif"),
}
HINTS = {
    "start": "0:00",
    "end": "to the end",
    "fps": "as in the video",
    "max_frames": "all",
    "azimuth": "estimated",
    "views": "72",
    "people": "one",
}
HELP = {"start": "", "end": "", "suffix": "A transparent video is a .webm, or a .mov (ProRes 4444) for editing."}
MAX_RADIO = 5  # choices that are all shown


@dataclass(frozen=True)
class Task:
    """A tab: a command, and which of its options it has."""

    command: str
    config: type
    title: str
    """Of the tab."""
    action: str
    """What the button says."""
    source: str
    """What to drop first."""
    driving: str | None
    """What to drop second; None if there is only one."""
    first: tuple[str, ...]
    """Options that are always shown."""
    more: tuple[str, ...]
    """Those that are folded away."""


VIDEO = ("frame", "compare", "audio", "suffix", "crf", "fps", "max_frames")
TASKS = (
    Task(
        *("animate", AnimateConfig, "Animate", "Animate", "Picture of a person", "Driving video"),
        first=("quality", "start", "end"),
        more=("retarget", "place", "face", "person", "people", "on_missing", "keypoints", *VIDEO),
    ),
    Task(
        *("face", FaceConfig, "Face", "Animate the face", "Picture of a face", "Talking video"),
        first=("start", "end"),
        more=("retarget", "person", "landmarks", "on_missing", *VIDEO),
    ),
    Task(
        *("view-synth", ViewSynthConfig, "Turntable", "Turn it", "Picture of a car or a chair", None),
        first=("category", "background", "views"),
        more=("azimuth", "elevation", "distance", "suffix"),
    ),
)


def make_fields(config: type, names: Sequence[str]) -> dict[str, Any]:
    """A component for each of these options, shown where it is made."""
    return {name: _make_field(config, name) for name in names}


def read_fields(names: Sequence[str], values: Sequence[object], config: type) -> dict[str, str]:
    """Text by option; options at their default are left out.

    Args:
        names: of the options. values: what their components say.
    """
    read = {name: _as_text(value) for name, value in zip(names, values, strict=True)}
    return {name: text for name, text in read.items() if text not in ("", _as_text(_default(config, name)))}


def _make_field(config: type, name: str) -> Any:
    field, default = _find(config, name), _default(config, name)
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    about: dict[str, Any] = {"label": label, "info": _help(config, name) or None, "elem_classes": [f"option-{name}"]}
    if field is not None and field.type is bool:
        return gr.Checkbox(value=bool(default), **about)
    if choices := CHOICES.get(name) or _words(field):
        value = default if default is not None else choices[0]
        kind = gr.Radio if len(choices) <= MAX_RADIO else gr.Dropdown
        return kind(choices=[(_shown(each), each) for each in choices], value=_as_text(value), **about)
    return gr.Textbox(value="" if default is None else _as_text(default), placeholder=HINTS.get(name), **about)


def _find(config: type, name: str) -> Field | None:
    return next((field for field in fields(config) if field.name == name), None)


def _default(config: type, name: str) -> Any:
    field = _find(config, name)
    if field is None:
        return CHOICES[name][0]
    return None if field.default is MISSING else field.default


def _words(field: Field | None) -> tuple[str, ...]:
    """The words that a field's type lists."""
    kind: Any = field.type if field is not None else None
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return next((get_args(member) for member in members if get_origin(member) is Literal), ())


def _help(config: type, name: str) -> str:
    return HELP.get(name, field_docs(config).get(name, ""))


def _shown(choice: str) -> str:
    return choice if choice.startswith(".") else choice.capitalize()


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value).strip()


BACKGROUNDS: Mapping[str, str] = {
    "picture": "Of the picture",
    "driving": "Of the video",
    "colour": "Colour",
    "file": "File",
    "transparent": "Transparent",
}
