"""What is refused about backgrounds, and which object shows them."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError, WeightsError
from pipelines.compositing.backgrounds import (
    ColourBackground,
    FileBackground,
    TransparentBackground,
)
from pipelines.configs import AnimateConfig, PoseConfig
from pipelines.generation.background import background_input, check_background, make_background
from pipelines.generation.video_output import check_outputs
from tests.helpers.small_batches import write_small_weights
from tests.helpers.videos import make_corners


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("backgrounds")
    write_small_weights(place / "layers.safetensors", channels=4)
    write_small_weights(place / "whole.safetensors", channels=3)
    Image.fromarray(make_corners()).save(place / "sky.png")
    for name in ("a.png", "b.mp4"):
        (place / name).touch()
    (place / "track.json").write_text("{}")
    return place


def make_config(folder: Path, **options: Any) -> AnimateConfig:
    plain = {"weights": "layers.safetensors", "driving": "b.mp4"} | options
    options = plain | {"weights": str(folder / plain["weights"]), "driving": folder / plain["driving"]}
    return AnimateConfig(folder / "a.png", **options)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"background": "gren"}, "background 'gren' is no file"),
        ({"background": "white", "weights": "whole.safetensors"}, "paint the background with the person"),
        ({"background": "driving", "driving": "track.json"}, "needs a driving video"),
        ({"background": "driving", "frame": "crop"}, "omit --frame crop"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], line: str, folder: Path) -> None:
    with pytest.raises(InputError, match=line):
        check_background(make_config(folder, **options))


def test_poses_have_no_driving_video(folder: Path) -> None:
    config = PoseConfig(folder / "a.png", (folder / "a.png",), background="driving")
    with pytest.raises(InputError, match="gfla pose has no driving video"):
        check_background(config)


def test_weights_are_read_only_if_the_background_needs_them(folder: Path) -> None:
    check_background(make_config(folder, weights="whole.safetensors"))
    check_background(make_config(folder, weights="missing.safetensors"))
    with pytest.raises(WeightsError, match="missing"):
        check_background(make_config(folder, weights="missing.safetensors", background="white"))


@pytest.mark.parametrize("value", ["picture", "driving", "white", "transparent"])
def test_weights_that_make_the_person_alone_take_every_background(value: str, folder: Path) -> None:
    check_background(make_config(folder, background=value))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"output": "out.mp4"}, r"out\.mp4 can't be transparent: use \.mov, \.webm, a folder, or %05d\.png"),
        ({"output": "out.mov", "crf": 20}, "leave --crf out"),
        ({"output": "out.mov", "codec": "h264"}, "use prores"),
    ],
)
def test_outputs_without_alpha_are_refused_before_the_work(options: dict[str, Any], line: str, folder: Path) -> None:
    options |= {"output": folder / options["output"], "background": "transparent"}
    with pytest.raises(InputError, match=line):
        check_outputs(make_config(folder, **options))
    check_outputs(make_config(folder, **options | {"compare": True, "codec": None, "crf": None}))


def test_debug_views_of_a_transparent_video_are_opaque(folder: Path) -> None:
    options: dict[str, Any] = {"background": "transparent", "codec": "prores", "debug": ("flow",)}
    check_outputs(make_config(folder, output=folder / "out.mov", **options))


def test_the_default_output_of_a_transparent_video_has_alpha(folder: Path) -> None:
    assert make_config(folder, background="transparent").target.suffix == ".mov"
    assert make_config(folder, background="transparent", compare=True).target.suffix == ".mp4"


def test_an_output_does_not_replace_the_background(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "behind.mp4").touch()
    monkeypatch.chdir(folder)
    config = make_config(folder, background="behind.mp4", output=Path("behind.mp4"), overwrite=True)
    with pytest.raises(InputError, match="input"):
        check_outputs(config)


def test_values_become_backgrounds(folder: Path) -> None:
    kinds = {"transparent": TransparentBackground, "white": ColourBackground, str(folder / "sky.png"): FileBackground}
    for value, kind in kinds.items():
        background = make_background(value, (64, 48), [Fraction(0)])
        assert background is not None
        assert type(background) is kind
        frame = background.frame(0)
        assert (None if frame is None else frame.shape) == (None if value == "transparent" else (48, 64, 3))


def test_the_pictures_own_background_is_no_other_one() -> None:
    assert make_background("picture", (64, 48), [Fraction(0)]) is None


def test_a_file_is_among_the_inputs_of_the_report(folder: Path) -> None:
    assert background_input("white") == {}
    assert background_input(str(folder / "sky.png"))["background"].keys() == {"path", "sha256"}
