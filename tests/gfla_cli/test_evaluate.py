"""`gfla evaluate`: numbers with their conventions, what is skipped and why, and inputs that don't fit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from gfla_cli.app import app
from tests.helpers.media_files import SOURCE, cut, scenery, write_picture, write_video


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's cache of downloads, with nothing in it."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three pictures each, 60 x 64, the generated ones 10 levels darker."""
    for folder, shift in (("made", 0), ("true", 10)):
        (tmp_path / folder).mkdir()
        for number in range(3):
            picture = scenery(60, 64, 5 * number) // 2 + np.uint8(shift)
            Image.fromarray(picture).save(tmp_path / folder / f"p{number}.png")
    return tmp_path / "made", tmp_path / "true"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def report(*arguments: object) -> tuple[int, dict[str, dict]]:
    code, stdout, _ = run(*arguments, "--json", "--quiet")
    return code, {score["name"]: score for score in json.loads(stdout)["metrics"]}


def test_folders_are_measured(folders: tuple[Path, Path]) -> None:
    code, scores = report(*folders, "--metric", "l1,psnr,ssim")
    assert code == 0
    assert scores["l1"]["value"] == pytest.approx(10 / 255, abs=1e-9)
    assert scores["psnr"]["value"] == pytest.approx(20 * np.log10(255 / 10), abs=1e-6)
    assert 0.9 < scores["ssim"]["value"] < 1
    assert {score["pictures"] for score in scores.values()} == {3}


def test_without_names_what_can_not_be_computed_is_skipped_with_the_reason(folders: tuple[Path, Path]) -> None:
    code, scores = report(*(folder / "p0.png" for folder in folders))
    assert code == 0
    assert list(scores) == ["fid", "lpips", "ssim", "psnr", "l1", "flicker", "keypoints"]
    reasons = {
        "fid": "inception-2015",
        "lpips": "alexnet",
        "flicker": "give a video",
        "keypoints": "no picture shows a person",
    }
    assert {name for name, score in scores.items() if score["value"] is None} == set(reasons)
    for name, part in reasons.items():
        assert part in scores[name]["skipped"]


def test_every_number_says_how_it_was_made(folders: tuple[Path, Path]) -> None:
    _, scores = report(
        *folders, "--metric", "l1", "--resize", "32x40", "--crop", "16x20", "--fid-reference", folders[0]
    )
    assert scores["l1"]["resize"] == "32x40, Pillow bicubic"
    assert scores["l1"]["crop"] == "middle 16x20"
    assert scores["l1"]["compared"] == "3 pictures of 16x20"
    assert scores["l1"]["generated"] == f"{folders[0]} (png)"
    assert scores["l1"]["fid reference"] == f"{folders[0]} (png), 3 pictures"
    stdout = run(*folders, "--metric", "psnr,l1")[1]
    assert [line.split()[0] for line in stdout.splitlines()[:3]] == ["METRIC", "psnr", "l1"]
    for part in ("resize: none", "crop: none", "torchmetrics 1", "pillow"):
        assert part in stdout


@pytest.mark.parametrize(("metric", "hint"), [("fid", "--fetch"), ("lpips", "alexnet-owt"), ("flicker", "give videos")])
def test_a_metric_asked_for_by_name_that_is_skipped_is_an_error(
    metric: str, hint: str, folders: tuple[Path, Path]
) -> None:
    code, stdout, stderr = run(*folders, "--metric", f"l1,{metric}", "--quiet")
    assert code == 2
    assert stdout.splitlines()[1].startswith("l1 ")
    assert len(stderr.splitlines()) == 1
    assert f"{metric} skipped" in stderr
    assert hint in stderr


def test_damaged_weights_are_not_loaded(folders: tuple[Path, Path], empty_cache: Path) -> None:
    file = empty_cache / "hub" / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"anything")
    code, _, stderr = run(*folders, "--metric", "fid", "--quiet")
    assert code == 2
    assert "damaged" in stderr


def test_videos_are_measured_frame_by_frame(tmp_path: Path) -> None:
    first = write_video(tmp_path / "a.mp4", frames=4)
    second = shutil.copy(first, tmp_path / "b.mp4")
    code, scores = report(first, second, "--metric", "psnr,flicker,ssim")
    assert code == 0
    assert scores["psnr"]["value"] == "inf"
    assert scores["flicker"]["value"] == 0
    assert scores["ssim"]["value"] == 1
    assert scores["ssim"]["compared"] == "4 frames of 96x96"


def test_keypoint_distance_sees_a_person_that_moved(tmp_path: Path) -> None:
    picture = np.asarray(Image.open(SOURCE).convert("RGB"))
    small = np.asarray(Image.fromarray(picture).resize((picture.shape[1] // 2, picture.shape[0] // 2)))
    still, moved = Image.fromarray(small), Image.fromarray(np.roll(small, 12, 1))
    for name, content in (("a.png", still), ("b.png", moved)):
        content.save(tmp_path / name)
    code, scores = report(tmp_path / "a.png", tmp_path / "b.png", "--metric", "keypoints")
    assert code == 0
    body = 0.8 * small.shape[0]
    assert scores["keypoints"]["value"] == pytest.approx(12 / body, rel=0.35)
    assert "1 of 1" in scores["keypoints"]["how"]


def test_the_authors_protocol(folders: tuple[Path, Path]) -> None:
    made, true = folders
    for file in sorted(made.iterdir()):
        Image.open(file).save(made / f"someone_2_{file.stem}_vis.jpg", quality=95)
        file.unlink()
    write_picture(true / "never_asked_for.png")
    code, scores = report(made, true, "--protocol", "gfla")
    assert code == 0
    assert list(scores) == ["fid", "lpips", "ssim", "ssim256", "psnr", "l1", "mae"]
    assert "--fid-reference" in scores["fid"]["skipped"]
    assert scores["ssim"]["compared"] == "3 pictures of 60x64"
    assert 0.03 < scores["l1"]["value"] < 0.06
    assert "window 51" in scores["ssim"]["how"]
    code, _, stderr = run(made, true, "--protocol", "gfla", "--crop", "20x20")
    assert (code, "leave out --crop" in stderr) == (2, True)


def test_a_metric_of_the_other_protocol_is_named(folders: tuple[Path, Path]) -> None:
    code, _, stderr = run(*folders, "--metric", "mae")
    assert code == 2
    assert "'mae' of protocol standard must be one of fid" in stderr


def spoil_name(made: Path, true: Path) -> None:
    (made / "p1.png").rename(made / "q1.png")


def spoil_rest(made: Path, true: Path) -> None:
    (made / "p1.png").unlink()


def spoil_size(made: Path, true: Path) -> None:
    write_picture(made / "p1.png", width=60, height=63)


def spoil_twins(made: Path, true: Path) -> None:
    write_picture(made / "p1.jpg")


def spoil_all(made: Path, true: Path) -> None:
    for file in made.iterdir():
        file.unlink()


def spoil_file(made: Path, true: Path) -> None:
    cut(true / "p2.png", 0.5)


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (spoil_name, "1 of 3 names have no picture in"),
        (spoil_rest, "1 of 3 names have no picture in"),
        (spoil_size, "give --resize"),
        (spoil_twins, "keep one of each name"),
        (spoil_all, "holds no pictures"),
        (spoil_file, "p2.png is a damaged picture"),
    ],
)
def test_folders_that_do_not_fit_are_one_line_and_2(spoil, line: str, folders: tuple[Path, Path]) -> None:
    spoil(*folders)
    code, stdout, stderr = run(*folders, "--metric", "l1", "--quiet")
    assert (code, stdout) == (2, "")
    assert line in stderr
    assert len(stderr.splitlines()) == 1


def test_videos_that_do_not_fit_are_one_line_and_2(tmp_path: Path) -> None:
    long, short = write_video(tmp_path / "a.mp4", frames=6), write_video(tmp_path / "b.mp4", frames=4)
    broken = cut(write_video(tmp_path / "c.mp4", frames=40, moov_first=True), 0.85)
    for first, second, line in (
        (long, short, "b.mp4 has 4 frames"),
        (long, tmp_path, "give two folders or two videos"),
        (broken, write_video(tmp_path / "d.mp4", frames=40), "damaged or cut short"),
    ):
        code, _, stderr = run(first, second, "--metric", "l1", "--quiet")
        assert code == 2
        assert line in stderr


@pytest.mark.parametrize("option", [("--resize", "large"), ("--crop", "0x5"), ("--metric", "beauty")])
def test_wrong_values_are_found_at_once(option: tuple[str, str], folders: tuple[Path, Path]) -> None:
    code, _, stderr = run(*folders, *option)
    assert code == 2
    assert option[1] in stderr
