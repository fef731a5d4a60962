"""The classes of objects and their styles, by name.

`scene.sample_objects` draws from them; training leaves styles out by name.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from torch import Generator, Tensor

from pipelines.synthetic.objects.assemblies import ASSEMBLY_STYLES, add_assemblies
from pipelines.synthetic.objects.car_styles import CAR_STYLES
from pipelines.synthetic.objects.cars import add_cars
from pipelines.synthetic.objects.chair_styles import CHAIR_STYLES
from pipelines.synthetic.objects.chairs import add_chairs
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paint import Paint
from pipelines.synthetic.objects.sofas import SOFA_STYLES, add_sofas
from pipelines.synthetic.objects.table_measures import TABLE_STYLES
from pipelines.synthetic.objects.tables import add_tables


@dataclass(frozen=True)
class ObjectClass:
    """A class of objects."""

    styles: Mapping[str, float]
    """How often each style is drawn, by name; styles of all classes have different names."""
    add: Callable[[Kit, Tensor, Generator], tuple[Paint, Tensor]]
    """Adds an object to each of a kit's B objects. In: indices of their styles [B]. Out: their paints, and whether both
    sides of each are alike [B] bool."""
    coarse: Collection[str] = ()
    """The styles that are made of few triangles, with facets; of others a small share is."""


CLASSES = {
    "car": ObjectClass({name: style.weight for name, style in CAR_STYLES.items()}, add_cars, coarse=("toy",)),
    "chair": ObjectClass({name: style.weight for name, style in CHAIR_STYLES.items()}, add_chairs),
    "sofa": ObjectClass({f"{name} sofa": style.weight for name, style in SOFA_STYLES.items()}, add_sofas),
    "table": ObjectClass({f"{name} table": style.weight for name, style in TABLE_STYLES.items()}, add_tables),
}
"""The classes that are known to the networks, in their order; they have a front or, as tables, a long side."""
ALL_CLASSES = CLASSES | {"other": ObjectClass(ASSEMBLY_STYLES, add_assemblies)}
CATEGORIES: dict[str, dict[str, float]] = {
    "car": {"car": 1.0},
    "chair": {"chair": 1.0},
    "sofa": {"sofa": 1.0},
    "table": {"table": 1.0},
    "other": {"other": 1.0},
    "all": {"car": 1.0, "chair": 1.0, "sofa": 0.7, "table": 0.7},
    "any": {"car": 1.0, "chair": 1.0, "sofa": 0.7, "table": 0.7, "other": 1.2},
}
"""Shares of the classes in what is drawn for a category."""


def style_weights(category: str, *, styles: Collection[str] = (), without: Collection[str] = ()) -> dict[str, float]:
    """How often each style of a category's classes is drawn, by name.

    Raises:
        ValueError: a style that none of these classes has, or no style is left.
    """
    weights = {}
    for name, share in CATEGORIES[category].items():
        total = sum(ALL_CLASSES[name].styles.values())
        weights |= {style: share * weight / total for style, weight in ALL_CLASSES[name].styles.items()}
    if unknown := {*styles, *without} - weights.keys():
        raise ValueError(f"unknown style {min(unknown)!r} of {category}: use some of {', '.join(weights)}")
    kept = {name: weight for name, weight in weights.items() if (not styles or name in styles) and name not in without}
    if not kept:
        raise ValueError(f"no style of {category} is left")
    return kept


def group_styles(names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The styles of these names by class, for the classes that have some.

    Raises:
        ValueError: a style that no class has.
    """
    groups = {name: tuple(style for style in names if style in each.styles) for name, each in ALL_CLASSES.items()}
    if unknown := set(names) - {style for styles in groups.values() for style in styles}:
        known = ", ".join(style for each in ALL_CLASSES.values() for style in each.styles)
        raise ValueError(f"unknown style {min(unknown)!r}: use some of {known}")
    return {name: styles for name, styles in groups.items() if styles}
