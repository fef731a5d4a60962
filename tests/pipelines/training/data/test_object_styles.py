"""Validation of styles that training leaves out."""

import pytest

from models.errors import InputError
from pipelines.synthetic.objects.classes import CLASSES
from pipelines.training.data.object_styles import list_validations


def test_left_out_styles_are_validated_by_themselves() -> None:
    car, *others = CLASSES["car"].styles
    chair = next(iter(CLASSES["chair"].styles))
    parts = list_validations("any", (car, chair))
    assert list(parts) == [*CLASSES, "other", "left_out_car", "left_out_chair"]
    assert parts["car"] == ("car", {"without": (car,)})
    assert parts["sofa"] == ("sofa", {"without": ()})
    assert parts["left_out_chair"] == ("chair", {"styles": (chair,)})
    assert list(list_validations("car", ())) == ["car"]
    with pytest.raises(InputError, match="--set without: unknown style 'glider'"):
        list_validations("any", ("glider",))
    with pytest.raises(InputError, match="--set without: no style of car is left"):
        list_validations("car", (car, *others))
