"""The options of a batch job are part of its key: they stay as they are, value for value, files in the same order."""

from pathlib import Path

import pytest

from gfla_cli.job_options import is_option, parse
from models.errors import InputError
from tests.helpers.old_journal import DEFAULT_OPTIONS

ANIMATE, POSE, VIEW_SYNTH = (DEFAULT_OPTIONS[command] for command in ("animate", "pose", "view-synth"))


@pytest.mark.parametrize(
    ("command", "values", "expected"),
    [("animate", {}, ANIMATE), ("pose", {}, POSE), ("view-synth", {"category": "car"}, VIEW_SYNTH)],
)
def test_the_options_of_a_job_without_options(command: str, values: dict, expected: dict) -> None:
    found = parse(command, values, {})
    assert found == expected
    assert {name: type(value) for name, value in found.items()} == {name: type(expected[name]) for name in expected}


def test_an_option_that_old_jobs_do_not_have_is_left_out_at_its_default() -> None:
    assert "place" not in parse("animate", {"place": "frame"}, {})
    assert all("background" not in parse(command, {"background": "picture"}, {}) for command in ("animate", "pose"))
    assert parse("pose", {"background": "#fff"}, {}) == POSE | {"background": "#fff"}
    assert parse("animate", {"place": "still"}, {}) == ANIMATE | {"place": "still"}
    assert parse("animate", {"also": f"{__file__}, {__file__}"}, {}) == ANIMATE | {"also": [__file__, __file__]}
    assert parse("animate", {"face": "no"}, {}) == ANIMATE
    assert parse("animate", {"face": "yes"}, {}) == ANIMATE | {"face": True}


def test_face_jobs_take_the_name_of_a_detector_or_a_folder() -> None:
    here = str(Path(__file__).parent)
    assert parse("face", {"landmarks": "bundled", "retarget": "none"}, {})["landmarks"] == "bundled"
    assert parse("face", {"landmarks": here}, {"place": "still", "crf": "20"})["landmarks"] == here


def test_values_are_plain_and_paths_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    values = {"start": "1:30", "fps": "29.97", "debug": "flow,mask", "compare": "yes", "crf": "20", "max_frames": "5"}
    found = parse("animate", {**values, "yolo_weights": Path(__file__).name}, {})
    changed = {"start": "90", "fps": "2997/100", "debug": ["flow", "mask"], "compare": True, "crf": 20}
    assert found == ANIMATE | changed | {"max_frames": 5, "yolo_weights": __file__}
    values = {"shapenet": Path(__file__).name, "id": "3", "angles": "0,30", "azimuth": "40", "views": "12"}
    found = parse("view-synth", {**values, "category": "car"}, {})
    assert found == VIEW_SYNTH | {"shapenet": __file__, "id": "3", "angles": [0.0, 30.0], "azimuth": 40.0, "views": 12}


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("animate", ["audio", "keypoints", "yolo_weights", "weights", "motion", "background"]),
        ("pose", ["yolo_weights", "weights", "motion", "background"]),
        ("view-synth", ["shapenet", "weights", "viewpoint"]),
    ],
)
def test_files_enter_the_key_in_a_fixed_order(command: str, files: list[str]) -> None:
    values = dict.fromkeys(reversed(files), __file__) | ({"category": "car"} if command == "view-synth" else {})
    assert [name for name, value in parse(command, values, {}).items() if value == __file__] == files


def test_defaults_that_a_command_does_not_have_are_left_out() -> None:
    defaults = {"category": "car", "device": "cpu", "crf": "3"}
    assert parse("pose", {"retarget": "fit"}, defaults) == POSE | {"device": "cpu", "retarget": "fit"}
    assert parse("pose", {"device": "cuda"}, defaults) == POSE | {"device": "cuda"}


@pytest.mark.parametrize(
    ("command", "values", "message"),
    [
        ("pose", {"crf": "3"}, "gfla pose has no option 'crf'; it has "),
        ("animate", {"seed": "3"}, "gfla animate has no option 'seed'; it has "),
        ("animate", {"output": "a.mp4"}, "has no option 'output'"),
        ("view-synth", {"category": "car", "compare": "true"}, "has no option 'compare'"),
        ("animate", {"frame": "x"}, "'x' is not one of"),
        ("animate", {"compare": "maybe"}, "compare 'maybe' must be true or false"),
        ("animate", {"crf": "99"}, "Invalid value for .--crf."),
        ("view-synth", {}, "Missing option '--category'"),
    ],
)
def test_what_the_command_refuses_is_refused(command: str, values: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(command, values, {})


def test_the_options_of_all_commands_are_known() -> None:
    assert all(is_option(name) for name in ("crf", "max_frames", "category", "viewpoint", "frame"))
    assert not any(is_option(name) for name in ("seed", "source", "output", "overwrite", "json", "workers"))
