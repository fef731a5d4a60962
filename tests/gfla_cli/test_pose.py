"""`gfla pose` with its real parts: the pose arrives, and pictures, pose files and folders of them do as targets."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.layouts import OPENPOSE18_TO_COCO17
from pipelines.keypoints.loading import load_track
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.pose_transfer import find_targets
from tests.helpers.media_files import DRIVING, SOURCE

HANDS_UP, WALKING = 20, 60
ELBOWS, WRISTS = [7, 8], [9, 10]


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["pose", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: `targets`, two frames of the example clip; what was `made` of them; and the first as `pose.json`."""
    folder = tmp_path_factory.mktemp("pose")
    (folder / "targets").mkdir()
    with av.open(str(DRIVING)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in (HANDS_UP, WALKING):
                frame.to_image().save(folder / "targets" / f"frame_{number}.png")
    first = pixels(folder / "targets" / f"frame_{HANDS_UP}.png")
    people = PoseFrame(0, create_detector("bundled").detect(first))
    save_track(folder / "pose.json", PoseTrack("coco17", first.shape[1], first.shape[0], Fraction(1, 25), [people]))
    code, stdout, stderr = run(SOURCE, folder / "targets", "-o", folder / "made", "--keypoints", "bundled", "--json")
    assert code == 0, stderr
    (folder / "report.json").write_text(stdout)
    return folder


def test_the_person_takes_the_pose(places: Path) -> None:
    extractor = create_detector("bundled")
    before, after = (extractor.detect(pixels(path)[..., :3])[0] for path in (SOURCE, places / "made" / "00000.png"))
    assert (before[WRISTS, 1] > before[ELBOWS, 1]).all()
    assert (after[WRISTS, 1] < after[ELBOWS, 1]).all()


def test_results_are_numbered_and_keep_the_sources_size(places: Path) -> None:
    made = sorted((places / "made").iterdir())
    assert [path.name for path in made] == ["00000.png", "00001.png"]
    assert {pixels(path).shape for path in made} == {pixels(SOURCE)[..., :3].shape}
    report = json.loads((places / "report.json").read_text())
    assert report["output"] == str(places / "made")
    assert report["poses"] == [str(places / "targets" / f"frame_{number}.png") for number in (HANDS_UP, WALKING)]
    assert len(report["inputs"]["source"]["sha256"]) == 64
    assert report["keypoints"] == "bundled"


def test_pose_files_of_both_kinds_make_the_same_picture(places: Path, tmp_path: Path) -> None:
    pose = load_track(places / "pose.json").frames[0].people[0]
    openpose = np.zeros((18, 3))
    openpose[list(OPENPOSE18_TO_COCO17)] = pose
    document = {"version": 1.3, "people": [{"pose_keypoints_2d": openpose.astype(float).ravel().tolist()}]}
    (tmp_path / "one_keypoints.json").write_text(json.dumps(document))
    targets = places / "pose.json", tmp_path / "one_keypoints.json"
    code, _, stderr = run(SOURCE, *targets, "-o", tmp_path / "%03d.png", "--keypoints", "bundled")
    assert code == 0, stderr
    ours, theirs = (pixels(tmp_path / f"{number:03d}.png").astype(int) for number in range(2))
    np.testing.assert_array_equal(ours, theirs)
    first, second = (np.abs(ours - pixels(places / "made" / f"{number:05d}.png")).mean() for number in range(2))
    assert first < 0.5 < 2 < second


def test_every_frame_of_a_track_is_a_target(tmp_path: Path) -> None:
    poses = [PoseFrame(3 * number, np.full((1, 17, 3), number, np.float32)) for number in (0, 1)]
    save_track(tmp_path / "two.json", PoseTrack("coco17", 640, 480, Fraction(1, 25), poses))
    targets = find_targets([tmp_path / "two.json", SOURCE])
    assert [target.name for target in targets] == [
        *(f"{tmp_path / 'two.json'} frame {number}" for number in (1, 2)),
        str(SOURCE),
    ]
    assert [len(target.track.frames) for target in targets if target.track] == [1, 1]


def test_one_target_gives_one_picture_and_a_comparison_on_request(
    places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ("--keypoints", "bundled", "--quiet", "--frame", "crop", "--compare")
    code, stdout, _ = run(SOURCE, places / "pose.json", *common)
    assert (code, stdout) == (0, "source--pose.png\n")
    height, width = pixels(Path("source--pose.png")).shape[:2]
    target = places / "targets" / f"frame_{HANDS_UP}.png"
    shares = [pixels(path).shape[1] / pixels(path).shape[0] for path in (SOURCE, target, SOURCE)]
    assert width == pytest.approx(height * (sum(shares) + 1), abs=3)


def with_nobody(folder: Path, places: Path) -> list[object]:
    frames = [PoseFrame(0, np.empty((0, 17, 3), np.float32))]
    save_track(folder / "empty.json", PoseTrack("coco17", 64, 64, Fraction(1, 25), frames))
    return [folder / "empty.json", "-o", folder / "out.png"]


def several_into_one(folder: Path, places: Path) -> list[object]:
    return [places / "targets", "-o", folder / "out.png"]


def unknown_type(folder: Path, places: Path) -> list[object]:
    return [places / "targets" / f"frame_{WALKING}.png", "-o", folder / "out.tga"]


def existing(folder: Path, places: Path) -> list[object]:
    return [places / "targets", "-o", places / "made"]


def no_targets(folder: Path, places: Path) -> list[object]:
    (folder / "none").mkdir()
    return [folder / "none", "-o", folder / "out.png"]


def no_pose_file(folder: Path, places: Path) -> list[object]:
    (folder / "bad.json").write_text('{"people": [{"pose_keypoints_2d": [1, 2]}]}')
    return [folder / "bad.json", "-o", folder / "out.png"]


@pytest.mark.parametrize(
    ("spoilt", "line"),
    [
        (with_nobody, "empty.json: no person found in the picture"),
        (several_into_one, "can't write 2 pictures to"),
        (unknown_type, "out.tga: unknown type"),
        (existing, "made already exists"),
        (no_targets, "none holds no pictures"),
        (no_pose_file, "bad.json: a pose with 2 numbers"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_2(spoilt, line: str, places: Path, tmp_path: Path) -> None:
    code, stdout, stderr = run(SOURCE, *spoilt(tmp_path, places), "--keypoints", "bundled", "--quiet")
    assert (code, stdout) == (2, "")
    assert line in stderr
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "out.png").exists()
