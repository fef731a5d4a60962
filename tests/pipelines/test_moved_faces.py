"""`animate --face`: a rendered person who speaks drives a picture of her; all networks are the bundled ones."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import InputError
from pipelines import AnimateConfig, animate
from pipelines.faces import expressions, person_faces
from pipelines.faces.bundled_landmarks import BundledLandmarks
from pipelines.generation import moving_people
from pipelines.generation.resources import Resources
from pipelines.keypoints import motion
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.runtime.progress import NotesProgress
from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_clip
from tests.helpers.official_networks import write_official_weights

SIDE = 320  # pixels of picture and frames
SHUT, OPEN = [0, 2], [1, 3]  # frames of the video
CLOSE = HeadClipConfig(width=SIDE, height=SIDE, head=(0.36, 0.4), turn=(0.1, 0.15, 0.1), wide_mouths=1)


@dataclass
class Speaker:
    """A picture, and a video with its poses."""

    folder: Path
    faces: np.ndarray
    """The true landmarks [T, 68, 2]; the picture is the first frame."""
    poses: np.ndarray
    """The true poses [T, 17, 3]."""
    resources: Resources

    def animate(self, output: Path, **changed: Any) -> tuple[np.ndarray, list[str]]:
        """The frames [T, H, W, 3] as int, and the notes about faces."""
        progress = NotesProgress()
        options: dict[str, Any] = {"source": self.folder / "source.png", "driving": self.folder / "driving"}
        options |= {"keypoints": str(self.folder / "poses.json"), "device": "cpu", "precision": "fp32"}
        config = AnimateConfig(output=output / "%05d.png", place="still", **options | changed)
        animate(config, progress, self.resources)
        frames = [np.asarray(Image.open(path)).astype(int) for path in sorted(output.glob("*.png"))]
        return np.stack(frames), [note for note in progress.notes if "face" in note]


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Speaker:
    folder = tmp_path_factory.mktemp("speaker")
    times = torch.arange(0, 96, 8)
    clip = sample_head_clip(CLOSE, batch=1, times=times[None], generator=torch.Generator().manual_seed(0))
    faces = clip.face[0].numpy()
    order = np.argsort(measure_mouths(faces))
    chosen = order[[0, -1, 1, -2]]
    images = ((clip.images[0, chosen] + 1) * 127.5).clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    (folder / "driving").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / "driving" / f"{number}.png")
    Image.fromarray(images[0]).save(folder / "source.png")
    poses = torch.cat([clip.coco, clip.coco_visible[..., None]], -1)[0, chosen].numpy().astype(np.float32)
    save_track(folder / "poses.json", make_track(poses))
    return Speaker(folder, faces[chosen], poses, Resources())


def make_track(poses: np.ndarray) -> PoseTrack:
    frames = [PoseFrame(number, pose[None]) for number, pose in enumerate(poses)]
    return PoseTrack("coco17", SIDE, SIDE, Fraction(1, 25), frames)


@pytest.fixture(autouse=True)
def see(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets pose and landmarks be found where they truly are, or faces shrunk to a share of their size."""
    monkeypatch.setattr(motion, "detect_upright_image", lambda picture, detector: make_track(speaker.poses[:1]))
    monkeypatch.setattr(
        moving_people, "create_landmark_detector", lambda name, note: BundledLandmarks()
    )  # not the user's
    true = np.pad(speaker.faces, ((0, 0), (0, 0), (0, 1)), constant_values=1)

    def find(picture: float = 1, video: float = 1) -> None:
        monkeypatch.setattr(expressions, "find_face", lambda *inputs: picture * true[0])
        monkeypatch.setattr(expressions, "find_faces", lambda images, poses, _: video * true[: len(poses)])

    find()
    return find


def measure_mouths(faces: np.ndarray) -> np.ndarray:
    """How far the mouths of faces [T, 68, 2 or 3] are open, in pixels."""
    return faces[:, 66, 1] - faces[:, 62, 1]


def test_the_mouth_opens_as_the_driver_s_and_what_is_around_the_face_stays(speaker: Speaker, tmp_path: Path) -> None:
    still, _ = speaker.animate(tmp_path / "still")
    moved, notes = speaker.animate(tmp_path / "moved", face=True)
    assert not notes
    rows, columns = np.nonzero((moved != still).any((0, 3)))
    low, high = speaker.faces[0].min(0), speaker.faces[0].max(0)
    assert (low - 20 < (columns.min(), rows.min())).all()
    assert (high + 20 > (columns.max(), rows.max())).all()
    wider = np.subtract(*(measure_mouths(find(frames, speaker.poses[0])) for frames in (moved, still)))
    assert wider[OPEN].mean() > np.abs(wider[SHUT]).max() + 0.3


def find(frames: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """The landmarks [T, 68, 3] in frames [T, H, W, 3] of somebody whose head is about where that of a pose is."""
    detector = BundledLandmarks()
    return np.stack([person_faces.find_face(frame.astype(np.uint8), pose, detector) for frame in frames])


@pytest.mark.parametrize("where", ["picture", "video"])
def test_a_face_that_is_too_small_stays_as_it_is(
    where: str, speaker: Speaker, see: Callable[..., None], tmp_path: Path
) -> None:
    see(**{where: 40 / np.ptp(speaker.faces[0], axis=0).max()})
    made, notes = speaker.animate(tmp_path / "made", face=True, max_frames=1)
    still, _ = speaker.animate(tmp_path / "still", max_frames=1)
    assert len(notes) == 1
    assert f"--face has no effect: the face in the {where} has" in notes[0]
    assert (made == still).all()


def test_poses_alone_are_refused(speaker: Speaker, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--face needs a driving video"):
        speaker.animate(tmp_path, face=True, driving=speaker.folder / "poses.json")


def test_weights_that_paint_the_background_are_refused(speaker: Speaker, tmp_path: Path) -> None:
    weights = write_official_weights(tmp_path) / "iper.safetensors"
    with pytest.raises(InputError, match="use --weights person"):
        speaker.animate(tmp_path, face=True, weights=str(weights))
