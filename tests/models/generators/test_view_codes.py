import pytest

from models.generators.view_codes import view_code


@pytest.mark.parametrize(("azimuth", "step"), [(0, 0), (19.9, 0), (20, 1), (340, 17), (-20, 17), (380, 1)])
def test_azimuth_goes_round(azimuth: float, step: int) -> None:
    assert view_code(azimuth, 10).flatten().nonzero().flatten().tolist() == [step, 19]


@pytest.mark.parametrize("elevation", [-1, 30])
def test_elevation_is_limited(elevation: float) -> None:
    with pytest.raises(ValueError, match="elevation"):
        view_code(0, elevation)
