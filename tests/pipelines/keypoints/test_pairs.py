"""Values of `--people`."""

import pytest

from models.errors import InputError
from pipelines.keypoints.pairs import choose_pairs, count_drivers, parse_pairs


def test_pairs_keep_their_order() -> None:
    assert parse_pairs("2:1, 1:2") == ((2, 1), (1, 2))
    assert parse_pairs("1:3,2:3") == ((1, 3), (2, 3))
    assert parse_pairs("all") is None
    assert count_drivers("1:3,2:1") == 3
    assert count_drivers("all") is None


@pytest.mark.parametrize(
    "text", ["", "1", "1:", "0:1", "1:0", "1:1,", "one:two", "1:2:3", "1:1;2:2", "-1:1", "all,1:1"]
)
def test_other_values_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="must be 'all' or pairs"):
        parse_pairs(text)


@pytest.mark.parametrize(("sources", "drivers", "pairs"), [(2, 3, 2), (3, 1, 1), (2, 2, 2)])
def test_all_are_as_many_pairs_as_there_are(sources: int, drivers: int, pairs: int) -> None:
    assert choose_pairs("all", sources, drivers) == tuple((number, number) for number in range(1, pairs + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3:1", "person 3 of the picture, which shows 2 people$"),
        ("1:2", "person 2 of the video, which shows 1 person at the same time"),
    ],
)
def test_who_is_not_there_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_pairs(text, 2, 1)
    with pytest.raises(InputError, match="which shows nobody"):
        choose_pairs("all", 0, 0)
