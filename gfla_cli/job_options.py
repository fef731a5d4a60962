"""The options of the commands whose jobs a batch does: shown by `gfla batch` as its own, and read for each job by the
command's own parser. Values stay text until then, so that a job list and the command line mean the same."""

import inspect
import os
from collections.abc import Callable
from copy import copy
from fractions import Fraction
from functools import cache, wraps
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from gfla_cli.commands import animate, pose, view_synth
from models.errors import InputError

COMMANDS: dict[str, Callable[..., None]] = {
    "animate": animate.animate,
    "pose": pose.pose,
    "view-synth": view_synth.view_synth,
}
INPUTS = {"animate": ("source", "driving"), "pose": ("source", "targets"), "view-synth": ("images",)}
OF_THE_BATCH = ("output", "overwrite", "json", "quiet")
PRINTED = {"view-synth": ("compare",)}  # options whose result is what the command prints
YES, NO = ("true", "yes", "1"), ("false", "no", "0")


def with_job_options(batch: Callable[..., int]) -> Callable[..., int]:
    """Gives a command whose last parameter is `**options` the options of all jobs, as text, None where not given."""
    own = [each for each in inspect.signature(batch).parameters.values() if each.kind is not each.VAR_KEYWORD]
    jobs = {name: _as_text(each) for command in reversed(COMMANDS) for name, each in _options(command).items()}
    parameters = [*own, *jobs.values()]

    @wraps(batch)
    def command(**values: Any) -> int:
        return batch(**values)

    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def is_option(name: str) -> bool:
    """Whether some command has this option."""
    return any(name in _options(command) for command in COMMANDS)


def given(options: dict[str, Any]) -> dict[str, str]:
    """Those of `with_job_options` that are on the command line."""
    return {name: "true" if value is True else value for name, value in options.items() if value not in (None, False)}


def parse(command: str, values: dict[str, str], defaults: dict[str, str]) -> dict[str, Any]:
    """Text by option name -> the fields of the command's config that are not None, as JSON values. Defaults that the
    command does not have are left out.

    Raises:
        InputError: an option that the command does not have, or a value that it refuses.
    """
    fitting = {name: value for name, value in defaults.items() if name in _options(command)}
    return dict(_parsed(command, tuple((fitting | values).items())))


@cache
def _parsed(command: str, values: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    known = _options(command)
    arguments = [] if dict(values).get("shapenet") else [__file__] * len(INPUTS[command])  # inputs are seen to later
    for name, value in values:
        if name not in known:
            raise InputError(f"gfla {command} has no option {name!r:.60}; it has {', '.join(known)}")
        arguments += _argument(name, value, known[name])
    try:
        found = _parser(command)(arguments, standalone_mode=False)
    except Exception as error:
        if not isinstance(error, typer.BadParameter.__bases__[0]):
            raise
        raise InputError(error.format_message().rstrip(".")) from None  # pyright: ignore[reportAttributeAccessIssue]
    return {name: _plain(value) for name, value in found.items() if name in known and value is not None}


def _argument(name: str, value: str, parameter: inspect.Parameter) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if get_args(parameter.annotation)[0] is not bool:
        return [f"{flag}={value}"]
    if value.lower() not in YES + NO:
        raise InputError(f"{name} {value!r:.60} must be {' or '.join((YES[0], NO[0]))}")
    return [flag] if value.lower() in YES else []


@cache
def _parser(command: str) -> Callable[..., dict[str, Any]]:
    """The command's own parser; called, it gives the values."""

    @wraps(COMMANDS[command])
    def collect(**values: Any) -> dict[str, Any]:
        return values

    program = typer.Typer(add_completion=False)
    program.command()(collect)
    return typer.main.get_command(program)


@cache
def _options(command: str) -> dict[str, inspect.Parameter]:
    """The options that a job of this command may have."""
    left_out = {*OF_THE_BATCH, *INPUTS[command], *PRINTED.get(command, ())}
    parameters = inspect.signature(COMMANDS[command]).parameters
    return {name: each for name, each in parameters.items() if name not in left_out}


def _as_text(parameter: inspect.Parameter) -> inspect.Parameter:
    """The same option with its text for a value; switches stay switches."""
    kind, option = get_args(parameter.annotation)[:2]
    option = copy(option)
    option.parser = option.callback = None
    if kind is bool:
        return parameter.replace(annotation=Annotated[bool, option], kind=parameter.KEYWORD_ONLY, default=False)
    if get_origin(kind) is Literal:
        option.metavar = "|".join(get_args(kind))
    if parameter.default not in (None, parameter.empty):
        option.show_default = str(parameter.default)
    return parameter.replace(annotation=Annotated[str | None, option], kind=parameter.KEYWORD_ONLY, default=None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return os.path.abspath(value)
    return str(value) if isinstance(value, Fraction) else value
