"""Configs from plain data: what JSON has kept of a config dataclass becomes one again.

Called by `gfla batch` for its jobs, and by `gfla rerun`.
"""

from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from models.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


def config_from_json(kind: type[Config], values: Mapping[str, Any], **others: Any) -> Config:
    """A config dataclass from JSON `values` by field name, and from `others`, which are used as they are.

    Where a field's type says so, text becomes a Path or Fraction, a number a Fraction, and a list a tuple; words that
    the type lists stay words.

    Raises:
        InputError: a value for a field that the dataclass does not have.
    """
    known = {field.name for field in fields(kind)}  # without the `_` of KW_ONLY
    if unknown := next((name for name in values if name not in known), None):
        raise InputError(f"{kind.__name__} has no field {unknown!r:.60}; it has {', '.join(sorted(known))}")
    types = get_type_hints(kind)
    return kind(**{name: _from_json(types[name], value) for name, value in values.items()}, **others)


def _from_json(kind: Any, value: Any) -> Any:
    """`value` as the type `kind` of a field wants it."""
    if value is None:
        return None
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if any(get_origin(member) is Literal and value in get_args(member) for member in members):
        return value
    for member in members:
        if get_origin(member) is tuple:
            return tuple(_from_json(get_args(member)[0], item) for item in value)
        if member in (Path, Fraction):
            return member(value)
    return value
