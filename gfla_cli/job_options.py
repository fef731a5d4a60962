"""The options of the commands whose jobs `gfla batch` runs.

`gfla batch` shows them as its own, as text. For each job the parser of its command reads that text, so that a job list
and the command line mean the same.
"""

import inspect
import os
from collections.abc import Callable
from copy import copy
from dataclasses import fields
from fractions import Fraction
from functools import cache, wraps
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from gfla_cli.commands import animate, face, pose, view_synth
from gfla_cli.options import build_config
from gfla_cli.usage_errors import USAGE_ERROR, explain_usage_error
from models.errors import InputError
from pipelines.configs import AnimateConfig, FaceConfig, PoseConfig, ViewSynthConfig

COMMANDS: dict[str, tuple[Callable[..., None], type]] = {
    "animate": (animate.animate, AnimateConfig),
    "pose": (pose.pose, PoseConfig),
    "view-synth": (view_synth.view_synth, ViewSynthConfig),
    "face": (face.face, FaceConfig),
}
INPUTS = {
    "animate": ("source", "driving"),
    "pose": ("source", "targets"),
    "view-synth": ("images",),
    "face": ("source", "driving"),
}
OF_THE_BATCH = ("output", "overwrite", "json", "quiet")
PRINTED = {"animate": ("format",), "view-synth": ("compare",), "face": ("format",)}  # options about standard output
# Options that may name a file come first, in this order, which is part of a job's key.
FILES = (
    "audio",
    "keypoints",
    "yolo_weights",
    "shapenet",
    "weights",
    "motion",
    "viewpoint",
    "background",
    "upscaler",
    "also",
)
# Options that jobs of gfla 0.1 do not have: left out where they have this value, so that the keys of old jobs stay.
ADDED = {
    "quality": AnimateConfig.quality,
    "place": AnimateConfig.place,
    "background": AnimateConfig.background,
    "face": AnimateConfig.face,
    "resume": AnimateConfig.resume,
    "metadata": AnimateConfig.metadata,
}
YES, NO = ("true", "yes", "1"), ("false", "no", "0")


def job_parameters() -> list[Parameter]:
    """The options of all jobs as parameters for `with_config`: text, None where not on the command line."""
    return list(
        {name: _as_text(each) for command in reversed(COMMANDS) for name, each in _options(command).items()}.values()
    )


def is_option(name: str) -> bool:
    """Whether a command has this option."""
    return any(name in _options(command) for command in COMMANDS)


def used(options: dict[str, Any]) -> dict[str, str]:
    """The values of `job_parameters` that are on the command line."""
    return {name: "true" if value is True else value for name, value in options.items() if value not in (None, False)}


def parse(command: str, values: dict[str, str], defaults: dict[str, str]) -> dict[str, Any]:
    """Text by option name -> the fields of the command's config that have a value, as JSON values.

    Args:
        values: options of the job. defaults: options that the job does not set; those of other commands are left out.

    Raises:
        InputError: an option that the command does not have, or a value that it refuses.
    """
    fitting = {name: value for name, value in defaults.items() if name in _options(command)}
    return dict(_parsed(command, tuple((fitting | values).items())))


@cache
def _parsed(command: str, values: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    known = _options(command)
    arguments = [] if dict(values).get("shapenet") else [__file__] * len(INPUTS[command])  # planning adds the inputs
    for name, value in values:
        if name not in known:
            raise InputError(f"gfla {command} has no option {name!r:.60}; it has {', '.join(known)}")
        arguments += _argument(name, value, known[name])
    try:
        config = _parser(command)(arguments, standalone_mode=False)
    except USAGE_ERROR as error:
        raise InputError(explain_usage_error(error)) from None
    options = {name: _plain(value) for name, value in vars(config).items() if name not in _left_out(command)}
    return {name: options[name] for name in (*FILES, *options) if options.get(name) not in (None, [], ADDED.get(name))}


def _argument(name: str, value: str, parameter: Parameter) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    kind, option = get_args(parameter.annotation)
    if get_origin(kind) is list and option.parser is None:
        return [f"{flag}={part.strip()}" for part in value.split(",")]
    if kind is not bool:
        return [f"{flag}={value}"]
    if value.lower() not in YES + NO:
        raise InputError(f"{name} {value!r:.60} must be {' or '.join((YES[0], NO[0]))}")
    return [flag] if value.lower() in YES else []


@cache
def _parser(command: str) -> Callable[..., Any]:
    """The command's own parser; called, it returns the config."""
    run, config = COMMANDS[command]
    names = {field.name for field in fields(config)}

    @wraps(run)
    def collect(**values: Any) -> Any:
        return build_config(config, {name: value for name, value in values.items() if name in names})

    program = typer.Typer(add_completion=False)
    program.command()(collect)
    return typer.main.get_command(program)


@cache
def _options(command: str) -> dict[str, Parameter]:
    """The options that a job of this command may have."""
    parameters = inspect.signature(COMMANDS[command][0]).parameters
    return {name: each for name, each in parameters.items() if name not in _left_out(command)}


def _left_out(command: str) -> set[str]:
    return {*OF_THE_BATCH, *INPUTS[command], *PRINTED.get(command, ())}


def _as_text(parameter: Parameter) -> Parameter:
    """The same option with its text for a value; switches stay switches."""
    kind, option = get_args(parameter.annotation)
    option = copy(option)
    option.parser = None
    if kind is bool:
        return parameter.replace(annotation=Annotated[bool, option], default=False)
    if get_origin(kind) is Literal:
        option.metavar = "|".join(get_args(kind))
    if get_origin(kind) is list:
        option.metavar = f"{option.metavar},..."
    if parameter.default not in (None, Parameter.empty):
        option.show_default = str(parameter.default)
    return parameter.replace(annotation=Annotated[str | None, option], default=None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return os.path.abspath(value)
    return str(value) if isinstance(value, Fraction) else value
