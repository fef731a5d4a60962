"""The options of the commands, built from the configs of `pipelines.configs`: an option per field.

A field gives its type, default, choices, help text (the docstring under it) and panel of `--help`; OPTIONS adds what
Typer needs beyond that. Commands call `with_config`.
"""

import inspect
from collections.abc import Callable, Collection, Iterable
from copy import copy
from dataclasses import MISSING, Field, fields
from functools import wraps
from inspect import Parameter
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from typer.models import OptionInfo

from gfla_cli import value_parsers as parse
from gfla_cli.standard_streams import open_standard_streams
from gfla_cli.value_parsers import names
from pipelines.configs import PoseConfig
from pipelines.option_groups import DetectorName, DeviceOptions, ModelOptions, OutputOptions, PoseOptions
from pipelines.runtime.field_docs import field_docs

MODEL, OUTPUT, POSE = ModelOptions.panel, OutputOptions.panel, PoseOptions.panel
WEIGHTS = "NAME|PATH"

# Field name -> Typer's argument or option; a field that is not listed becomes `--name`.
OPTIONS: dict[str, Any] = {
    "source": typer.Argument(metavar="SOURCE", exists=True, dir_okay=False, show_default=False),
    "driving": typer.Argument(metavar="DRIVING", parser=parse.existing_or_standard, show_default=False),
    "targets": typer.Argument(metavar="TARGET...", exists=True, show_default=False),
    "images": typer.Argument(metavar="IMAGE...", exists=True, dir_okay=False, show_default=False),
    "input": typer.Argument(metavar="INPUT", parser=parse.existing_or_standard, show_default=False),
    "generated": typer.Argument(metavar="GENERATED", exists=True, show_default=False),
    "reference": typer.Argument(metavar="REFERENCE", exists=True, show_default=False),
    "overwrite": typer.Option("--overwrite"),
    "metadata": typer.Option(rich_help_panel=OUTPUT),
    "c2pa_certificate": typer.Option(metavar="FILE", exists=True, dir_okay=False, rich_help_panel=OUTPUT),
    "c2pa_key": typer.Option(metavar="FILE", exists=True, dir_okay=False, rich_help_panel=OUTPUT),
    "compare": typer.Option("--compare"),
    "upscaler": typer.Option(metavar="FILE", exists=True, dir_okay=False),
    "scale": typer.Option(metavar="N", min=1, max=16),
    "hands": typer.Option("--hands"),
    "face": typer.Option("--face"),
    "mask": typer.Option("--mask"),
    "resume": typer.Option("--resume", rich_help_panel=OUTPUT),
    "debug": typer.Option(metavar="VIEW,..."),
    "audio": typer.Option(metavar="driving|none|FILE", parser=parse.audio),
    "also": typer.Option(metavar="FILE", exists=True, dir_okay=False),
    "background": typer.Option(metavar="picture|driving|FILE|COLOUR|transparent", parser=parse.background),
    "format": typer.Option(metavar="mp4|webm|rgb"),
    "crf": typer.Option(metavar="N", min=0, max=63),
    "codec": typer.Option(metavar="h264|hevc|vp9|av1|prores|h264_nvenc|hevc_nvenc|av1_nvenc"),
    "start": typer.Option(metavar="SECONDS|M:SS", parser=parse.seconds),
    "end": typer.Option(metavar="SECONDS|M:SS", parser=parse.seconds),
    "max_frames": typer.Option(metavar="N", min=1),
    "fps": typer.Option(metavar="RATE", parser=parse.frame_rate),
    "keypoints": typer.Option(metavar="auto|yolo|mediapipe|rtm|bundled|FILE", parser=parse.keypoints),
    "yolo_weights": typer.Option(metavar="FILE", exists=True, dir_okay=False),
    "person": typer.Option(metavar="largest|N", parser=parse.person),
    "people": typer.Option(metavar="all|S:D,...", parser=parse.people, rich_help_panel=POSE),
    "place": typer.Option(rich_help_panel=POSE),
    "landmarks": typer.Option(
        metavar="auto|mediapipe|dlib|bundled|FOLDER", parser=parse.landmarks, show_default="auto"
    ),
    "source_landmarks": typer.Option(metavar="auto|FILE", parser=parse.landmarks_file, show_default="auto"),
    "weights": typer.Option(metavar=WEIGHTS),
    "motion": typer.Option(metavar=WEIGHTS),
    "viewpoint": typer.Option(metavar=WEIGHTS, rich_help_panel=MODEL),
    "device": typer.Option(metavar="auto|cpu|cuda[:N]|mps", parser=parse.device),
    "category": typer.Option(show_default=False),
    "azimuth": typer.Option(metavar="auto|DEGREES", parser=parse.angle, show_default="auto"),
    "elevation": typer.Option(metavar="auto|DEGREES", parser=parse.angle, show_default="auto"),
    "distance": typer.Option(metavar="auto|DIAGONALS", parser=parse.distance, show_default="auto"),
    "view_elevation": typer.Option(metavar="DEGREES"),
    "views": typer.Option(metavar="N", min=1, max=360),
    "count": typer.Option(metavar="N", min=1, max=100),
    "angles": typer.Option(metavar="DEGREES,...", parser=parse.angles),
    "shapenet": typer.Option(metavar="FILE.hdf5", exists=True, dir_okay=False, rich_help_panel="Input"),
    "id": typer.Option(metavar="NAME", rich_help_panel="Input"),
    "fid_reference": typer.Option(metavar="FOLDER", exists=True, file_okay=False),
    "metrics": typer.Option("--metric", metavar="NAME,...", show_default="all"),
    "fetch": typer.Option("--fetch"),
    "resize": typer.Option(metavar="WxH", parser=parse.size),
    "crop": typer.Option(metavar="WxH", parser=parse.size),
    # gfla batch
    "first": typer.Argument(metavar="SOURCES|JOBS", show_default=False),
    "second": typer.Argument(metavar="[DRIVINGS]", show_default=False),
    "kind": typer.Option("--command"),
    "name": typer.Option(metavar="PATTERN", show_default="{source}--{driving}"),
    "suffix": typer.Option(metavar=".mp4|.png|...", show_default=".mp4, for poses .png"),
    "workers": typer.Option(metavar="N|auto", parser=parse.number_or_auto, show_default="auto"),
    "threads": typer.Option(metavar="N|auto", parser=parse.number_or_auto, show_default="auto"),
    "together": typer.Option(metavar="N|auto", parser=parse.number_or_auto, show_default="auto"),
    "ray_address": typer.Option(
        metavar="HOST:PORT", show_default="RAY_ADDRESS, the cluster on this machine, or a new one for this run"
    ),
    "no_shared_storage": typer.Option("--no-shared-storage"),
    "retry_failed": typer.Option("--retry-failed"),
    "watch": typer.Option("--watch"),
    "check": typer.Option("--check"),
    "dry_run": typer.Option("--dry-run"),
    # gfla ui
    "batch": typer.Argument(metavar="[DIR]", exists=True, file_okay=False, show_default=False),
    "folder": typer.Option(metavar="DIR", file_okay=False),
    "host": typer.Option(metavar="ADDRESS"),
    "port": typer.Option(metavar="N", min=0, max=65535),
    "max_upload": typer.Option(metavar="SIZE", parser=parse.size_in_bytes, show_default="1GB"),
    "open": typer.Option("--open/--no-open"),
}
HIDDEN = ("seed",)  # fields without an option

Command = Callable[..., Any]


def output(default: str) -> Any:
    """`--output` of a command; `default` is shown in its help."""
    return typer.Option("--output", "-o", metavar="OUT", show_default=default)


def with_config(
    config: type,
    *,
    only: Collection[str] | None = None,
    optional: Collection[str] = (),
    more: Iterable[Parameter] = (),
    **changed: Any,
) -> Callable[[Command], Command]:
    """Decorates a command `f(config, own options)`: instead of `config` it gets an option for each of its fields.

    Args:
        config: class of the config.
        only: fields that become options, the others keep their defaults; None: all but HIDDEN.
        optional: fields of several files that may be empty on the command line, though they have no default.
        more: further parameters, which the command takes as `**values`.
        changed: option of a field where it differs from OPTIONS; as `Annotated[TYPE, option]` the type differs, too.
    """
    chosen = [field for field in fields(config) if (field.name in only if only else field.name not in HIDDEN)]
    offered = [_parameter(config, field, changed.get(field.name)) for field in chosen]
    offered = _by_panel(config, [each.replace(default=[]) if each.name in optional else each for each in offered])

    def decorate(command: Command) -> Command:
        _, *own = inspect.signature(command).parameters.values()
        own = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own if each.kind is not Parameter.VAR_KEYWORD]
        parameters = [*offered, *own, *more]

        @wraps(command)
        def run(**values: Any) -> Any:
            built = build_config(config, {each.name: values.pop(each.name) for each in offered})
            with open_standard_streams(built, json=values.get("json", False)) as opened:
                return command(opened, **values)

        vars(run)["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return decorate


def build_config(config: type, values: dict[str, Any]) -> Any:
    """The config of what Typer has parsed; None leaves a field's default."""
    given = {name: value for name, value in values.items() if value is not None}
    return config(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def described(config: type, name: str, option: Any = None) -> Any:
    """Typer's argument or option of a field, `option` or that of OPTIONS, with the field's help text and panel."""
    described = copy(option or OPTIONS.get(name) or typer.Option())
    described.help = described.help or _help(config, name)
    if isinstance(described, OptionInfo):
        described.rich_help_panel = described.rich_help_panel or _panel(config, name)
    return described


def _help(config: type, name: str) -> str:
    """The docstring under a field; empty where source files are not installed."""
    return field_docs(config).get(name, "").replace("`", "")


def _parameter(config: type, field: Field, changed: Any) -> Parameter:
    """What Typer reads: the field as keyword parameter `NAME: Annotated[TYPE, option] = DEFAULT`."""
    hint: Any = field.type
    if get_origin(changed) is Annotated:
        hint, changed = get_args(changed)
    option = described(config, field.name, changed)
    item = get_args(hint)[0] if get_origin(hint) is tuple else None
    if get_origin(item) is Literal:
        option.parser = names(get_args(item))
    if get_origin(hint) is Literal:
        option.metavar = option.metavar or "|".join(get_args(hint))
    default = Parameter.empty if field.default is MISSING else None if field.default == () else field.default
    if option.parser is not None:
        hint = str | None  # the parser gives another type
    elif item is not None:
        hint = list[item]
    return Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[hint, option])


def _by_panel(config: type, parameters: list[Parameter]) -> list[Parameter]:
    """First the panel of the config itself, then those of its bases, then others; within one general options first."""
    panels = list(dict.fromkeys(base.panel for base in config.__mro__[:-1]))
    shown = [get_args(each.annotation)[1].rich_help_panel for each in parameters]
    order = {panel: number for number, panel in enumerate(dict.fromkeys([*panels, *shown]))}
    return sorted(parameters, key=lambda each: order[get_args(each.annotation)[1].rich_help_panel])


def _panel(config: type, name: str) -> str:
    """The panel of the most general class that has the field."""
    return next(base.panel for base in reversed(config.__mro__) if name in inspect.get_annotations(base))


DETECTOR = Annotated[DetectorName, typer.Option(help=_help(PoseConfig, "keypoints"))]  # where no file is accepted
Overwrite = Annotated[bool, described(OutputOptions, "overwrite")]
Device = Annotated[str, described(DeviceOptions, "device")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Seed of everything random.", rich_help_panel=MODEL)]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel=OUTPUT)]
