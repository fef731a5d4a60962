"""`--config FILE.toml` of every command: a table per command, whose keys are the names of its options.

`gfla_cli.common_options` gives commands the option, `explain_origin` says in messages that a value comes from a file.
"""

import tomllib
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from models.errors import InputError

FLAG, OTHER_FLAG = "--config", "--config-file"  # the second where a command has another `--config`
PARAMETER, VALUES = "config_file", "config_values"  # names of the parameter, and of what the context remembers
HELP = "Take options from the table {name} of this file; those on the command line win."


def make_option(command: str, others: Iterable[Any]) -> Any:
    """The option of a command as a type of a parameter; `others` are those of its other parameters."""
    taken = any(FLAG in _flags(each) for each in others)
    option = typer.Option(
        OTHER_FLAG if taken else FLAG,
        metavar="FILE.toml",
        exists=True,
        dir_okay=False,
        is_eager=True,
        callback=_load,
        help=HELP.format(name=command),
    )
    return Annotated[Path | None, option]


def explain_origin(error: Any) -> str:
    """`job.toml: ` if the value that a usage error refuses comes from a file, otherwise nothing."""
    context, name = getattr(error, "ctx", None), getattr(getattr(error, "param", None), "name", None)
    if context is None or name not in context.meta.get(VALUES, {}):
        return ""
    source = context.get_parameter_source(name)
    return f"{context.meta[PARAMETER]}: " if source is not None and source.name == "DEFAULT_MAP" else ""


def _flags(annotation: Any) -> Iterator[str]:
    """The names that an annotation gives to an option."""
    for option in getattr(annotation, "__metadata__", ()):
        yield from (each for each in (option.default, *(option.param_decls or ())) if isinstance(each, str))


def _load(context: typer.Context, path: Path | None) -> Path | None:
    """Make the values of a file the defaults of the command.

    Raises:
        InputError: no TOML, or a table, a name or a kind of value that the program does not have.
    """
    if path is None or context.resilient_parsing:
        return path
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read as TOML: {error}") from None
    known = _read_tables(str(path), context.find_root().command, tables)
    values = known.get(tuple(_names(context)), {})
    context.default_map = values
    context.meta.update({PARAMETER: str(path), VALUES: values})
    return path


def _names(context: Any) -> list[str]:
    """The words of a command: `weights`, `run`."""
    return [] if context.parent is None else [*_names(context.parent), context.info_name]


def _read_tables(where: str, command: Any, table: Any, names: tuple[str, ...] = ()) -> dict[tuple[str, ...], dict]:
    """Words of each command -> parameter -> value, from the tables below `table`, all of which are checked."""
    place = f"{where}: [{'.'.join(names)}]" if names else where
    if not isinstance(table, dict):
        raise InputError(f"{where}: {names[-1]} must stand in the table of a command, as in [animate]")
    if not hasattr(command, "commands"):
        return {names: dict(_read_options(place, command, table))}
    found = {}
    for name, inner in table.items():
        if isinstance(inner, dict) and name not in command.commands:
            raise InputError(f"{place} has no command {name!r:.60}{_closest(name, command.commands)}")
        found |= _read_tables(where, command.commands.get(name), inner, (*names, name))
    return found


def _read_options(place: str, command: Any, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(parameter, value as on the command line) of every key of a command's table."""
    options = {flag[2:]: each for each in command.params for flag in each.opts if flag.startswith("--")}
    known = [name for name, option in options.items() if option.name != PARAMETER]
    for name, value in table.items():
        if name not in known:
            raise InputError(f"{place} has no option {name!r:.60}{_closest(name, known)}")
        yield options[name].name, _convert(f"{place} {name}", options[name], value)


def _convert(what: str, option: Any, value: Any) -> Any:
    """True or False for a switch, otherwise text, or a list of texts for an option that may be repeated."""
    if isinstance(value, bool) != option.is_flag:
        raise InputError(f"{what} = {_toml(value)} must be {'true or false' if option.is_flag else 'text or a number'}")
    if option.is_flag:
        return value
    items = value if isinstance(value, list) else [value]
    if wrong := [item for item in items if isinstance(item, bool) or not isinstance(item, str | int | float)]:
        raise InputError(f"{what} = {_toml(wrong[0])} must be text or a number")
    texts = [str(item) for item in items]
    return texts if option.multiple else ",".join(texts)


def _closest(name: str, known: Collection[str]) -> str:
    """What was probably meant, or everything there is."""
    close = get_close_matches(name.replace("_", "-"), known, 1)
    return f": use {close[0]}" if close else f": it has {', '.join(known) or 'none'}"


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)[:60]
