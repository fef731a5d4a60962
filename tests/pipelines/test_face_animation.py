"""`animate_face` with real parts: an official-architecture network of small width, landmarks from text files."""

import importlib.util
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from models.errors import GflaError, WeightsError
from models.generators import config
from models.generators.animation import AnimationGenerator
from models.generators.face import FaceGenerator
from models.generators.recurrent import Step
from models.joints import FACE_CHANNELS, FACE_LIMBS, FACE_STRUCTURES
from models.weights import load_weights, save_weights
from models.weights.bundled import bundled_files
from pipelines import FaceConfig, FaceResult, animate_face
from pipelines.faces import landmark_detectors
from pipelines.faces.face_maps import face_structure
from pipelines.faces.landmarks import DlibLandmarks, as_faces
from pipelines.generation.networks import load_generator
from pipelines.media.sources import open_video
from pipelines.media.tensors import tensor_to_image
from pipelines.runtime.progress import SILENT, NotesProgress, Progress
from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_clip
from pipelines.weights.checkpoints import import_checkpoint
from tests.helpers.faces import SMALL_FACE, write_face_inputs, write_landmarks
from tests.helpers.golden import open_golden
from tests.helpers.official_checkpoints import find_official_files, generate_state, save_checkpoint
from tests.helpers.videos import make_clip, sound_codec

FRAMES = 3


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `source.png`, `driving/`, landmarks of both and `face.safetensors`."""
    return write_face_inputs(tmp_path_factory.mktemp("face"), frames=FRAMES)


@pytest.fixture
def run(inputs: Path, tmp_path: Path) -> Callable[..., FaceResult]:
    """Animates the inputs into the folder `made`, with other values of some fields."""

    def animate(progress: Progress = SILENT, **changed: Any) -> FaceResult:
        fields: dict[str, Any] = {
            "source": inputs / "source.png",
            "driving": inputs / "driving",
            "landmarks": inputs / "landmarks",
            "source_landmarks": inputs / "source.txt",
            "weights": str(inputs / "face.safetensors"),
            "device": "cpu",
            "precision": "fp32",
            "output": tmp_path / "made",
        }
        return animate_face(FaceConfig(**fields | changed), progress)

    return animate


class FileLandmarks(DlibLandmarks):
    """Detects what the landmark files of the inputs say: those of the source, then of each driving frame."""

    name = "mediapipe"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def detect(self, image: np.ndarray) -> np.ndarray:
        return as_faces(points(self.folder / "source.txt"))

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return (as_faces(points(self.folder / "landmarks" / f"{number}.txt")) for number, _ in enumerate(images))


@pytest.mark.parametrize(("landmarks", "note"), [("mediapipe", []), (None, ["landmarks: mediapipe"])])
def test_a_landmark_detector_does_what_its_files_would(
    landmarks: str | None,
    note: list[str],
    inputs: Path,
    run: Callable[..., FaceResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(landmark_detectors.DETECTORS, "mediapipe", lambda: FileLandmarks(inputs))
    monkeypatch.setitem(landmark_detectors.CHECKS, "mediapipe", lambda: None)
    progress = NotesProgress()
    result = run(progress, landmarks=landmarks, source_landmarks=None)
    assert (result.landmarks, [line for line in progress.notes if "landmarks" in line]) == ("mediapipe", note)
    detected = [read(path) for path in sorted(result.output.iterdir())]
    shutil.rmtree(result.output)
    assert run().landmarks == "files"
    for ours, expected in zip(detected, sorted(result.output.iterdir()), strict=True):
        np.testing.assert_array_equal(ours, read(expected))


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def points(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",")


def squashed(path: Path) -> torch.Tensor:
    picture = np.array(Image.open(path).resize((256, 256), Image.Resampling.BILINEAR))
    return (torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255 - 0.5) / 0.5


def structure(picture: Path, landmarks: Path) -> torch.Tensor:
    return torch.from_numpy(face_structure(read(picture), points(landmarks), size=256))[None]


def assert_saved(step: Step, picture: np.ndarray) -> None:
    expected = np.trunc(((step.image[0] + 1) / 2 * 255).permute(1, 2, 0).numpy())
    difference = np.abs(picture.astype(int) - expected)
    assert difference.max() <= 1  # float32 rounding may tip a truncation
    assert (difference > 0).mean() < 0.1


def test_without_retargeting_it_equals_the_network_called_directly(
    run: Callable[..., FaceResult], inputs: Path, tmp_path: Path
) -> None:
    run(retarget="none", frame="crop")
    torch.manual_seed(3)
    network = FaceGenerator(config=SMALL_FACE).eval()
    structures = [structure(inputs / "driving" / f"{n}.png", inputs / "landmarks" / f"{n}.txt") for n in range(FRAMES)]
    with torch.no_grad():
        steps = network(
            torch.stack(structures, 1),
            squashed(inputs / "source.png"),
            structure(inputs / "source.png", inputs / "source.txt"),
        )
    made = [read(tmp_path / "made" / f"{number:05d}.png") for number in range(FRAMES)]
    for step, picture in zip(steps, made, strict=True):
        assert_saved(step, picture)
    assert np.abs(made[0].astype(int) - made[2]).max() > 3, "the frames differ"


def test_an_imported_checkpoint_by_its_name(
    run: Callable[..., FaceResult], inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    golden = open_golden(find_official_files()["face"])
    save_checkpoint(tmp_path / "latest_net_G.pth", golden, "face")
    import_checkpoint(tmp_path / "latest_net_G.pth", kind="face", name="ren_face")
    (tmp_path / "landmarks").mkdir()
    shutil.copy(inputs / "landmarks" / "0.txt", tmp_path / "landmarks")
    run(weights="ren_face", retarget="none", frame="crop", max_frames=1, landmarks=tmp_path / "landmarks")
    network = FaceGenerator(config=config.face()).eval()
    network.load_state_dict(generate_state(golden, "face"))
    driving = structure(inputs / "driving" / "0.png", inputs / "landmarks" / "0.txt")
    source = squashed(inputs / "source.png"), structure(inputs / "source.png", inputs / "source.txt")
    with torch.no_grad():
        (step,) = network(driving[:, None], *source)
    assert_saved(step, read(tmp_path / "made" / "00000.png"))


def test_the_rest_of_the_picture_is_unchanged(run: Callable[..., FaceResult], inputs: Path, tmp_path: Path) -> None:
    large = np.full((400, 500, 3), (10, 200, 90), np.uint8)
    large[100:280, 150:350] = read(inputs / "source.png")
    Image.fromarray(large).save(tmp_path / "photo.png")
    write_landmarks(tmp_path / "photo.txt", points(inputs / "source.txt") + np.array((150, 100)))
    photo = {"source": tmp_path / "photo.png", "source_landmarks": tmp_path / "photo.txt"}
    left, top, right, bottom = run(**photo, compare=True, debug=("flow", "skeleton")).canvas
    row = read(tmp_path / "made" / "00001.png")
    result, outside = row[-400:, -500:], np.ones((400, 500), bool)
    outside[top:bottom, left:right] = False
    np.testing.assert_array_equal(result[outside], large[outside])
    assert (result[~outside] != large[~outside]).mean() > 0.5
    assert row.shape[1] > 3 * 400
    assert read(tmp_path / "made--debug" / "00001.png")[-256:].shape == (256, 512, 3)


def test_time_stamps_and_sound_of_a_video(run: Callable[..., FaceResult], inputs: Path, tmp_path: Path) -> None:
    images = [read(inputs / "driving" / f"{number}.png") for number in range(FRAMES)]
    stamps = [0, 40, 160]
    video = make_clip(tmp_path / "talk.mp4", frames=images, pts=stamps, time_base=Fraction(1, 1000), sound="aac")
    run(driving=video, output=tmp_path / "out.mp4")
    with open_video(tmp_path / "out.mp4") as made:
        assert [float(frame.pts * made.info.time_base) for frame in made] == pytest.approx([0, 0.04, 0.16], abs=1e-3)
        assert (made.info.width, made.info.height) == (200, 180)
    assert sound_codec(tmp_path / "out.mp4") == "aac"


def test_a_frame_without_a_face(run: Callable[..., FaceResult], inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "landmarks").mkdir()
    for number, file in enumerate(sorted((inputs / "landmarks").iterdir())):
        (tmp_path / "landmarks" / file.name).write_text("" if number == 1 else file.read_text())
    gap, progress = {"landmarks": tmp_path / "landmarks"}, NotesProgress()
    assert run(progress, **gap).summary()["frames_without_face"] == 1
    assert "1 of 3 frames show no face: interpolate" in progress.notes
    with pytest.raises(GflaError, match="no face in frame 2"):
        run(**gap, on_missing="fail", overwrite=True)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": "nobody"}, "no weights 'nobody': use a file, or one of: face,"),
        ({"weights": "person"}, "'animation'"),
        ({"retarget": "body"}, "body"),
    ],
)
def test_what_cannot_be_done_is_an_error(
    run: Callable[..., FaceResult], changed: dict, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "none"))
    with pytest.raises(GflaError, match=message):
        run(**changed)
    assert not (tmp_path / "made").exists()


def test_too_few_landmark_files_are_refused(run: Callable[..., FaceResult], inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "landmarks").mkdir()
    shutil.copy(inputs / "landmarks" / "0.txt", tmp_path / "landmarks")
    with pytest.raises(GflaError, match=r"1 frames.*3"):
        run(landmarks=tmp_path / "landmarks")


@pytest.mark.skipif(importlib.util.find_spec("dlib") is None, reason="pip install '.[face]'")
def test_faces_are_detected_without_landmark_files(run: Callable[..., FaceResult], tmp_path: Path) -> None:
    astronaut = data.astronaut()
    (tmp_path / "driving").mkdir()
    Image.fromarray(astronaut[:256, 60:316]).save(tmp_path / "source.png")
    for number in range(2):
        moved = cv2.warpAffine(astronaut, np.array([[1, 0, 6.0 * number], [0, 1, 0]]), (512, 512))
        Image.fromarray(moved[:300, 60:360]).save(tmp_path / "driving" / f"{number}.png")
    files = {"source": tmp_path / "source.png", "driving": tmp_path / "driving"}
    summary = run(**files, landmarks=None, source_landmarks=None).summary()
    assert (summary["landmarks"], summary["frames_without_face"], summary["size"]) == ("dlib", 0, [256, 256])


def render_heads(people: int, frames: int, *, size: int) -> np.ndarray:
    """Pictures uint8 [people * frames, size, size, 3] of heads that face the camera."""
    config = HeadClipConfig(height=size, width=size, length=frames, turn=(0.1, 0.1, 0.1))
    times, generator = torch.arange(frames).expand(people, -1), torch.Generator().manual_seed(4)
    clip = sample_head_clip(config, batch=people, times=times, generator=generator)
    return tensor_to_image(clip.images.flatten(0, 1), rounding="round")


@pytest.fixture(params=FACE_STRUCTURES)
def layer_weights(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Weights of a small generator of faces as layers whose structures are lines alone, lines and openings, or all."""
    torch.manual_seed(5)
    sizes = {"width": 8, "max_width": 16, "flow_width": 8, "flow_max_width": 16, "attention_hidden": 8}
    limbs = FACE_LIMBS if request.param == FACE_CHANNELS else FACE_LIMBS[:-2]  # without irises
    bundled = replace(config.bundled_face(), structure_channels=request.param, limbs=limbs)
    model = AnimationGenerator(config=replace(bundled, **sizes))
    path = tmp_path / "layers.safetensors"
    save_weights(path, model, architecture="animation", licence="none", command="none", extra={})
    return path


def test_our_own_weights_lay_the_head_over_the_picture(
    run: Callable[..., FaceResult], inputs: Path, tmp_path: Path, layer_weights: Path
) -> None:
    large = np.full((400, 500, 3), (10, 200, 90), np.uint8)
    large[100:280, 150:350] = read(inputs / "source.png")
    Image.fromarray(large).save(tmp_path / "photo.png")
    write_landmarks(tmp_path / "photo.txt", points(inputs / "source.txt") + np.array((150, 100)))
    photo = {"source": tmp_path / "photo.png", "source_landmarks": tmp_path / "photo.txt"}
    result = run(**photo, weights=str(layer_weights), compare=True, debug=("flow", "plate"))
    left, top, right, bottom = result.canvas
    assert right - left == bottom - top
    row = read(tmp_path / "made" / "00001.png")
    made, outside = row[-400:, -500:], np.ones((400, 500), bool)
    outside[top:bottom, left:right] = False
    np.testing.assert_array_equal(made[outside], large[outside])
    assert (made[~outside] != large[~outside]).mean() > 0.05
    assert row.shape[1] > 3 * 400
    assert result.certainty is not None
    cropped = run(**photo, weights=str(layer_weights), frame="crop", overwrite=True)
    assert cropped.size == (right - left, bottom - top)


def test_eyes_look_where_the_driver_s_do_if_the_weights_see_irises(
    run: Callable[..., FaceResult], inputs: Path, tmp_path: Path, layer_weights: Path
) -> None:
    def animate(name: str, aside: float) -> np.ndarray:
        """The last frame, of a driver who looks so many pixels to the left in it and in the one before."""

        def write(file: Path, aside: float = 0) -> Path:
            face = points(inputs / file.name if file.stem == "source" else inputs / "landmarks" / file.name)
            irises = (face[[36, 42]] + face[[39, 45]]) / 2 + (aside, 0)
            return write_landmarks(file, np.concatenate([face, irises]))

        (folder := tmp_path / name).mkdir()
        for number in range(FRAMES):
            write(folder / f"{number}.txt", aside * (number > 0))
        files = {"landmarks": folder, "source_landmarks": write(tmp_path / "source.txt")}
        result = run(**files, weights=str(layer_weights), overwrite=True)
        return read(sorted(result.output.iterdir())[-1]).astype(int)

    ahead, aside = animate("ahead", 0), animate("aside", 4)
    eyes = points(inputs / "source.txt")[36:48]
    (left, top), (right, bottom) = eyes.min(0).astype(int) - 12, eyes.max(0).astype(int) + 12
    changed = np.abs(aside - ahead).max(-1)
    if load_weights(str(layer_weights)).config.structure_channels == FACE_CHANNELS:  # pyright: ignore
        assert changed[top:bottom, left:right].mean() > 5 * changed.mean() > 0
    else:
        assert not changed.any()


def test_layered_face_weights_are_for_faces_only(layer_weights: Path) -> None:
    with pytest.raises(WeightsError, match="which are for gfla face"):
        load_generator(str(layer_weights), torch.device("cpu"), "fp32", ("animation",))


@pytest.mark.skipif("landmarks" not in bundled_files(), reason="no bundled landmark weights")
def test_rendered_faces_are_detected_by_the_bundled_networks(run: Callable[..., FaceResult], tmp_path: Path) -> None:
    pictures = render_heads(2, 3, size=192)
    (tmp_path / "driving").mkdir()
    for number, picture in enumerate(pictures[3:]):
        Image.fromarray(picture).save(tmp_path / "driving" / f"{number}.png")
    Image.fromarray(pictures[0]).save(tmp_path / "source.png")
    files = {"source": tmp_path / "source.png", "driving": tmp_path / "driving"}
    summary = run(**files, landmarks="bundled", source_landmarks=None).summary()
    assert (summary["landmarks"], summary["frames_without_face"]) == ("bundled", 0)
    Image.new("RGB", (192, 192), (90, 120, 150)).save(tmp_path / "source.png")
    with pytest.raises(GflaError, match="no face found in the picture"):
        run(**files, landmarks="bundled", source_landmarks=None, overwrite=True)
