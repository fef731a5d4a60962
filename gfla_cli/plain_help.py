"""`--help` without the names of Python types: flags show no <bool>, arguments no <list[Path]>."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class _PlainParameters:
    """For commands and groups; Typer asks `get_params` for whatever it shows, `--help` included."""

    def get_params(self, ctx: Any) -> list[Any]:
        parameters = super().get_params(ctx)  # pyright: ignore[reportAttributeAccessIssue]
        for parameter in parameters:
            if parameter.param_type_name == "argument":
                parameter.display_type_rich = _no_type
            elif parameter.is_flag:
                parameter.metavar = ""
        return parameters


class PlainCommand(_PlainParameters, TyperCommand):
    """A command whose help is plain."""


class PlainGroup(_PlainParameters, TyperGroup):
    """A group of commands whose help is plain."""


def use_plain_help(app: typer.Typer) -> None:
    """Let every command of `app`, and of the groups in it, have plain help."""
    for command in app.registered_commands:
        command.cls = PlainCommand
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance.info.cls = PlainGroup
            use_plain_help(group.typer_instance)


def _no_type(ctx: Any) -> None:
    """What Typer shows as the type of an argument."""
