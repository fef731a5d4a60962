"""`gfla face` with its real parts: an official-architecture network of small width, landmarks from text files."""

import importlib.util
import json
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from gfla_cli.app import app
from models.generators import config
from models.generators.config import GeneratorConfig
from models.generators.face import FaceGenerator
from models.generators.recurrent import Step
from models.weights import save_weights
from pipelines.faces.face_maps import face_structure
from pipelines.media.sources import open_video
from tests.helpers.checkpoints import generated, official_files, save_checkpoint
from tests.helpers.drawn_faces import drawn_face, drawn_landmarks, write_landmarks
from tests.helpers.golden import open_golden
from tests.helpers.videos import make_clip, sound_codec

FRAMES, WIDTH, HEIGHT = 3, 160, 120
SMALL = GeneratorConfig(structure_channels=16, width=8, max_width=32, flow_width=8, flow_max_width=32)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["face", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `source.png`, `driving/`, landmarks of both and `face.safetensors`."""
    folder = tmp_path_factory.mktemp("face")
    torch.manual_seed(3)
    network = FaceGenerator(config=SMALL)
    save_weights(
        folder / "face.safetensors", network, architecture="face", licence="", command="", extra={}, exact=True,
        official="face",
    )  # fmt: skip
    own = drawn_landmarks(200, 180)
    Image.fromarray(drawn_face(200, 180, own)).save(folder / "source.png")
    write_landmarks(folder / "source.txt", own)
    for name in ("driving", "landmarks"):
        (folder / name).mkdir()
    for number in range(FRAMES):
        points = drawn_landmarks(WIDTH, HEIGHT, mouth=0.02 * number, turn=0.01 * number)
        Image.fromarray(drawn_face(WIDTH, HEIGHT, points)).save(folder / "driving" / f"{number}.png")
        write_landmarks(folder / "landmarks" / f"{number}.txt", points)
    return folder


def given(places: Path) -> list[object]:
    return [
        places / "source.png", places / "driving", "--weights", places / "face.safetensors", "--device", "cpu",
        "--landmarks", places / "landmarks", "--source-landmarks", places / "source.txt", "--overwrite",
    ]  # fmt: skip


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


def test_the_papers_way_equals_the_network_called_by_hand(places: Path) -> None:
    code, _, stderr = run(*given(places), "-o", places / "made", "--retarget", "none", "--frame", "crop")
    assert code == 0, stderr
    torch.manual_seed(3)
    network = FaceGenerator(config=SMALL).eval()
    structures = [structure(places / "driving" / f"{n}.png", places / "landmarks" / f"{n}.txt") for n in range(FRAMES)]
    with torch.no_grad():
        steps = network(
            torch.stack(structures, 1),
            squashed(places / "source.png"),
            structure(places / "source.png", places / "source.txt"),
        )
    made = [read(places / "made" / f"{number:05d}.png") for number in range(FRAMES)]
    for step, picture in zip(steps, made, strict=True):
        assert_saved(step, picture)
    assert np.abs(made[0].astype(int) - made[2]).max() > 3, "the frames differ"


def test_an_imported_checkpoint_by_its_name(places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    golden = open_golden(official_files()["face"])
    save_checkpoint(tmp_path / "latest_net_G.pth", golden, "face")
    imported = CliRunner().invoke(app, ["weights", "import", str(tmp_path / "latest_net_G.pth"), "--as", "face"])
    assert imported.exit_code == 0, imported.stderr
    options = ["--weights", "face", "--retarget", "none", "--frame", "crop", "--max-frames", 1]
    (tmp_path / "landmarks").mkdir()
    shutil.copy(places / "landmarks" / "0.txt", tmp_path / "landmarks")
    code, _, stderr = run(*given(places), *options, "--landmarks", tmp_path / "landmarks", "-o", tmp_path / "made")
    assert code == 0, stderr
    network = FaceGenerator(config=config.face()).eval()
    network.load_state_dict(generated(golden, "face"))
    driving = structure(places / "driving" / "0.png", places / "landmarks" / "0.txt")
    own = squashed(places / "source.png"), structure(places / "source.png", places / "source.txt")
    with torch.no_grad():
        (step,) = network(driving[:, None], *own)
    assert_saved(step, read(tmp_path / "made" / "00000.png"))


def test_the_rest_of_the_picture_stays(places: Path, tmp_path: Path) -> None:
    large = np.full((400, 500, 3), (10, 200, 90), np.uint8)
    face = read(places / "source.png")
    large[100:280, 150:350] = face
    Image.fromarray(large).save(tmp_path / "photo.png")
    write_landmarks(tmp_path / "photo.txt", points(places / "source.txt") + np.array((150, 100)))
    _, *rest = given(places)
    options = [*rest, "--source-landmarks", tmp_path / "photo.txt", "--json", "--compare", "--debug", "flow,skeleton"]
    code, stdout, stderr = run(tmp_path / "photo.png", *options, "-o", tmp_path / "made")
    assert code == 0, stderr
    left, top, right, bottom = json.loads(stdout)["canvas"]
    whole = read(tmp_path / "made" / "00001.png")
    result, outside = whole[:, -500:], np.ones((400, 500), bool)
    outside[top:bottom, left:right] = False
    np.testing.assert_array_equal(result[outside], large[outside])
    assert (result[~outside] != large[~outside]).mean() > 0.5
    assert whole.shape[1] > 3 * 400
    assert read(tmp_path / "made--debug" / "00001.png").shape == (256, 512, 3)


def test_time_stamps_and_sound_of_a_video(places: Path, tmp_path: Path) -> None:
    images = [read(places / "driving" / f"{number}.png") for number in range(FRAMES)]
    stamps = [0, 40, 160]
    video = make_clip(tmp_path / "talk.mp4", frames=images, pts=stamps, time_base=Fraction(1, 1000), sound="aac")
    source, _, *rest = given(places)
    code, _, stderr = run(source, video, *rest, "-o", tmp_path / "out.mp4")
    assert code == 0, stderr
    with open_video(tmp_path / "out.mp4") as made:
        assert [float(frame.pts * made.info.time_base) for frame in made] == pytest.approx([0, 0.04, 0.16], abs=1e-3)
        assert (made.info.width, made.info.height) == (200, 180)
    assert sound_codec(tmp_path / "out.mp4") == "aac"


def test_a_frame_without_a_face(places: Path, tmp_path: Path) -> None:
    for number, file in enumerate(sorted((places / "landmarks").iterdir())):
        (tmp_path / file.name).write_text("" if number == 1 else file.read_text())
    options = [*given(places), "--landmarks", tmp_path, "-o", tmp_path / "made"]
    code, stdout, stderr = run(*options, "--json")
    assert code == 0, stderr
    assert json.loads(stdout)["frames_without_face"] == 1
    assert "1 of 3 frames show no face: interpolate" in stderr
    code, _, stderr = run(*options, "--on-missing", "fail")
    assert (code, "no face in frame 2" in stderr) == (2, True), stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--weights", "face"], "gfla weights import latest_net_G.pth --as face"),
        (["--weights", "person"], "'animation'"),
        (["--landmarks", "nowhere"], "nowhere"),
        (["--retarget", "body"], "body"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    places: Path, tmp_path: Path, options: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "none"))
    code, _, stderr = run(*given(places), *options, "-o", tmp_path / "made")
    assert (code, told in " ".join(stderr.split())) == (2, True), stderr
    assert not (tmp_path / "made").exists()


def test_too_few_landmark_files_are_refused(places: Path, tmp_path: Path) -> None:
    (tmp_path / "0.txt").write_text((places / "landmarks" / "0.txt").read_text())
    code, _, stderr = run(*given(places), "--landmarks", tmp_path, "-o", tmp_path / "made")
    assert (code, "1 frames" in stderr, "3" in stderr) == (2, True, True), stderr


@pytest.mark.skipif(importlib.util.find_spec("dlib") is None, reason="pip install gfla[face]")
def test_faces_are_found_without_files(places: Path, tmp_path: Path) -> None:
    astronaut = data.astronaut()
    (tmp_path / "driving").mkdir()
    Image.fromarray(astronaut[:256, 60:316]).save(tmp_path / "source.png")
    for number in range(2):
        moved = cv2.warpAffine(astronaut, np.array([[1, 0, 6.0 * number], [0, 1, 0]]), (512, 512))
        Image.fromarray(moved[:300, 60:360]).save(tmp_path / "driving" / f"{number}.png")
    code, stdout, stderr = run(
        tmp_path / "source.png", tmp_path / "driving", "-o", tmp_path / "made", "--json",
        "--weights", places / "face.safetensors", "--device", "cpu",
    )  # fmt: skip
    assert code == 0, stderr
    summary = json.loads(stdout)
    assert (summary["landmarks"], summary["frames_without_face"], summary["size"]) == ("dlib", 0, [256, 256])
