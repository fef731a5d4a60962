"""Options that every command has and no command sees: `--config`, and `--progress` where there is a `--quiet`."""

import inspect
from collections.abc import Callable
from functools import wraps
from inspect import Parameter
from typing import Any

import typer

from gfla_cli import config_files, json_progress


def add_common_options(app: typer.Typer, group: str = "") -> None:
    """Give them to every command of `app` and of the groups in it."""
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__.replace("_", "-")
        command.callback = _extend(command.callback, f"{group}{name}")
    for each in app.registered_groups:
        if each.typer_instance is not None:
            add_common_options(each.typer_instance, f"{group}{each.name}.")


def _extend(command: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The command `name` with the options, which act while the command line is read."""
    own = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in inspect.signature(command).parameters.values()]
    added: dict[str, tuple[Any, Any]] = {
        config_files.PARAMETER: (config_files.make_option(name, [each.annotation for each in own]), None)
    }
    if any(each.name == "quiet" for each in own):
        added["progress"] = (json_progress.Progress, "auto")
    more = [Parameter(key, Parameter.KEYWORD_ONLY, default=v, annotation=hint) for key, (hint, v) in added.items()]

    @wraps(command)
    def run(**values: Any) -> Any:
        return command(**{key: value for key, value in values.items() if key not in added})

    vars(run)["__signature__"] = inspect.Signature([*own, *more])
    run.__annotations__ = {each.name: each.annotation for each in (*own, *more)}
    return run
