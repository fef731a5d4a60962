"""`transfer_pose`: the pose arrives, pictures and pose files are targets, the authors' networks make their pictures."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from models.errors import GflaError
from models.weights import load_weights
from pipelines import PoseConfig, PoseResult, transfer_pose
from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.layouts import OPENPOSE18_TO_COCO17
from pipelines.keypoints.loading import load_track
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.pose_transfer import find_targets
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import DRIVING, SOURCE
from tests.helpers.official_checkpoints import find_official_files
from tests.helpers.official_networks import (
    assert_same_picture,
    expected_pose,
    import_official,
    load_source,
    write_official_weights,
)

HANDS_UP, LEANING = 50, 75
ELBOWS, WRISTS = [7, 8], [9, 10]
FULL_WIDTH = [
    pytest.param("pose_market", (128, 64), id="pose_market"),
    pytest.param("pose_fashion", (256, 256), id="pose_fashion", marks=pytest.mark.slow),
]


def run(*targets: Path, **fields: Any) -> PoseResult:
    return transfer_pose(PoseConfig(SOURCE, targets, keypoints="bundled", device="cpu", precision="fp32", **fields))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `targets`, two frames of the example clip, and the pose of the first as `pose.json`."""
    folder = tmp_path_factory.mktemp("pose")
    (folder / "targets").mkdir()
    with av.open(str(DRIVING)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in (HANDS_UP, LEANING):
                frame.to_image().save(folder / "targets" / f"frame_{number}.png")
    first = pixels(folder / "targets" / f"frame_{HANDS_UP}.png")
    people = PoseFrame(0, create_detector("bundled").detect(first))
    save_track(folder / "pose.json", PoseTrack("coco17", first.shape[1], first.shape[0], Fraction(1, 25), [people]))
    return folder


@pytest.fixture(scope="module")
def result(targets: Path) -> PoseResult:
    """What is made of the two pictures."""
    return run(targets / "targets", output=targets / "made")


def test_the_person_takes_the_pose(targets: Path, result: PoseResult) -> None:
    detector = create_detector("bundled")
    people = (detector.detect(pixels(path)[..., :3])[0] for path in (SOURCE, result.output / "00000.png"))
    before, after = (person[ELBOWS, 1] - person[WRISTS, 1] for person in people)  # how high hands are raised, pixels
    assert before.max() < 0  # they hang in the example
    assert after.min() > 40


def test_results_are_numbered_and_keep_the_sources_size(targets: Path, result: PoseResult) -> None:
    made = sorted((targets / "made").iterdir())
    assert [path.name for path in made] == ["00000.png", "00001.png"]
    assert {pixels(path).shape for path in made} == {pixels(SOURCE)[..., :3].shape}
    report = result.summary()
    assert report["output"] == str(targets / "made")
    assert report["poses"] == [str(targets / "targets" / f"frame_{number}.png") for number in (HANDS_UP, LEANING)]
    assert len(report["inputs"]["source"]["sha256"]) == 64
    assert report["keypoints"] == "bundled"


def test_pose_files_of_both_kinds_make_the_same_picture(targets: Path, result: PoseResult, tmp_path: Path) -> None:
    pose = load_track(targets / "pose.json").frames[0].people[0]
    openpose = np.zeros((18, 3))
    openpose[list(OPENPOSE18_TO_COCO17)] = pose
    document = {"version": 1.3, "people": [{"pose_keypoints_2d": openpose.astype(float).ravel().tolist()}]}
    (tmp_path / "one_keypoints.json").write_text(json.dumps(document))
    run(targets / "pose.json", tmp_path / "one_keypoints.json", output=tmp_path / "%03d.png")
    ours, theirs = (pixels(tmp_path / f"{number:03d}.png").astype(int) for number in range(2))
    np.testing.assert_array_equal(ours, theirs)
    first, second = (np.abs(ours - pixels(result.output / f"{number:05d}.png")).mean() for number in range(2))
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
    targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(targets / "pose.json", compare=True).output == Path("source--pose.png")
    height, width = pixels(Path("source--pose.png")).shape[:2]
    target = targets / "targets" / f"frame_{HANDS_UP}.png"
    shares = [pixels(path).shape[1] / pixels(path).shape[0] for path in (SOURCE, target, SOURCE, SOURCE)]
    panels = width / sum(shares)  # their height
    assert 10 < height - panels < panels / 15  # titles


def test_a_transparent_source_is_told(targets: Path, tmp_path: Path) -> None:
    picture, progress = Image.open(SOURCE).convert("RGBA"), NotesProgress()
    picture.paste((0, 0, 0, 0), (0, 0, 40, picture.height))
    picture.save(tmp_path / "clear.png")
    fields = {"output": tmp_path / "out.png", "keypoints": "bundled", "device": "cpu"}
    transfer_pose(PoseConfig(tmp_path / "clear.png", (targets / "pose.json",), **fields), progress)  # pyright: ignore[reportArgumentType]
    assert f"{tmp_path / 'clear.png'} is transparent in places: white is put behind it" in progress.notes
    assert (pixels(tmp_path / "out.png")[:, 0] == 255).all()


def nobody(folder: Path, targets: Path) -> dict[str, Any]:
    frames = [PoseFrame(0, np.empty((0, 17, 3), np.float32))]
    save_track(folder / "empty.json", PoseTrack("coco17", 64, 64, Fraction(1, 25), frames))
    return {"target": folder / "empty.json"}


def several_into_one(folder: Path, targets: Path) -> dict[str, Any]:
    return {"target": targets / "targets"}


def unknown_type(folder: Path, targets: Path) -> dict[str, Any]:
    return {"target": targets / "targets" / f"frame_{LEANING}.png", "output": folder / "out.tga"}


def existing(folder: Path, targets: Path) -> dict[str, Any]:
    (folder / "made").mkdir()
    (folder / "made" / "00000.png").touch()
    return {"target": targets / "targets", "output": folder / "made"}


def no_targets(folder: Path, targets: Path) -> dict[str, Any]:
    (folder / "none").mkdir()
    return {"target": folder / "none"}


def no_pose_file(folder: Path, targets: Path) -> dict[str, Any]:
    (folder / "bad.json").write_text('{"people": [{"pose_keypoints_2d": [1, 2]}]}')
    return {"target": folder / "bad.json"}


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (nobody, "empty.json: no person found in the picture"),
        (several_into_one, "can't write 2 pictures to"),
        (unknown_type, "out.tga: unknown type"),
        (existing, "made already exists"),
        (no_targets, "none holds no pictures"),
        (no_pose_file, "bad.json: a pose with 2 numbers"),
    ],
)
def test_what_cannot_be_done_is_an_error(prepare: Any, message: str, targets: Path, tmp_path: Path) -> None:
    fields = prepare(tmp_path, targets)
    with pytest.raises(GflaError, match=message):
        run(fields.pop("target"), **{"output": tmp_path / "out.png", **fields})
    assert not (tmp_path / "out.png").exists()


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights in the authors' layouts, and the pose track target.json."""
    return write_official_weights(tmp_path_factory.mktemp("official"))


@pytest.fixture
def _official_weights(official: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(official))


@pytest.mark.usefixtures("_official_weights")
@pytest.mark.parametrize(("weights", "size"), [("fashion", (256, 256)), ("market", (128, 64))])
def test_a_pose_by_the_authors_networks(weights: str, size: tuple[int, int], official: Path, tmp_path: Path) -> None:
    run(official / "target.json", weights=weights, retarget="none", frame="crop", output=tmp_path / "made.png")
    assert_same_picture(pixels(tmp_path / "made.png"), expected_pose(load_weights(weights), size))


@pytest.mark.parametrize(("kind", "size"), [pose for pose in FULL_WIDTH if pose.values[0] in find_official_files()])
def test_a_pose_by_an_imported_checkpoint(
    kind: str, size: tuple[int, int], official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    network = import_official(kind, tmp_path)
    run(official / "target.json", weights=kind, retarget="none", frame="crop", output=tmp_path / "made.png")
    assert_same_picture(pixels(tmp_path / "made.png"), expected_pose(network, size))


@pytest.mark.usefixtures("_official_weights")
@pytest.mark.parametrize("weights", ["market", "iper"])
def test_the_full_frame_has_the_sources_size_and_body_is_the_default(
    weights: str, official: Path, tmp_path: Path
) -> None:
    report = run(official / "target.json", weights=weights, output=tmp_path / "body.png").summary()
    assert report["options"]["retarget"] == "body"
    assert pixels(tmp_path / "body.png").shape == load_source().shape
    run(official / "target.json", weights=weights, retarget="none", output=tmp_path / "none.png")
    assert (tmp_path / "none.png").read_bytes() != (tmp_path / "body.png").read_bytes()


@pytest.mark.usefixtures("_official_weights")
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("car", "car holds 'picture' weights, which are for gfla view-synth"),
        ("cleaner", "cleaner holds 'motion' weights, which are for the option --motion"),
    ],
)
def test_weights_for_something_else_are_refused(weights: str, message: str, official: Path, tmp_path: Path) -> None:
    with pytest.raises(GflaError, match=message):
        run(official / "target.json", weights=weights, output=tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()
