"""Which rendered objects a validation measures, if training leaves styles out.

Called by the recipes of view synthesis and of the viewpoint network.
"""

from collections.abc import Collection

from models.errors import InputError
from pipelines.synthetic.objects.classes import CATEGORIES, group_styles, style_weights

Drawn = tuple[str, dict[str, Collection[str]]]  # category, and the styles as in `sample_objects`


def list_validations(category: str, without: Collection[str]) -> dict[str, Drawn]:
    """What is validated, by the prefix of its numbers: each class of the category, then what was left out of each.

    Raises:
        InputError: an unknown style, or no style of a class is left.
    """
    try:
        left_out = group_styles(without)
        parts: dict[str, Drawn] = {name: (name, {"without": left_out.get(name, ())}) for name in CATEGORIES[category]}
        for name, styles in parts.values():
            style_weights(name, **styles)
    except ValueError as error:
        raise InputError(f"--set without: {error}") from None
    parts |= {f"left_out_{name}": (name, {"styles": styles}) for name, styles in left_out.items()}
    return parts
