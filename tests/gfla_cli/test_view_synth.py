"""`gfla view-synth` with an official network of small width: what it writes is what the network alone makes."""

import json
from pathlib import Path

import av
import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from gfla_cli.app import app
from models.generators.config import PictureConfig
from models.generators.picture import PictureGenerator
from models.generators.view_codes import view_code
from models.weights import save_weights

SMALL = {"width": 8, "max_width": 16, "flow_width": 4, "flow_max_width": 8, "attention_hidden": 8}


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["view-synth", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def saved(path: Path, official: str, **config: object) -> PictureGenerator:
    torch.manual_seed(1)
    model = PictureGenerator(config=PictureConfig(**SMALL, **config)).eval()  # pyright: ignore[reportArgumentType]
    kinds = {"architecture": "picture", "licence": "test", "command": "test", "extra": {}}
    save_weights(path, model, **kinds, official=official, exact=True)
    return model


def alone(model: PictureGenerator, picture: np.ndarray, source: tuple, target: tuple) -> np.ndarray:
    image = (torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
    with torch.no_grad():
        made = model(image, view_code(*source)[None], view_code(*target)[None]).image[0]
    return np.trunc(((made + 1) / 2 * 255).permute(1, 2, 0).numpy()).astype(np.uint8)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("view_synth")
    noise = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    Image.fromarray(noise).resize((256, 256), Image.Resampling.BICUBIC).save(folder / "car.png")
    return folder


@pytest.fixture(scope="module")
def car(places: Path) -> PictureGenerator:
    return saved(places / "car.safetensors", "shapenet_car", structure_channels=21, coded=True)


def test_views_are_what_the_network_makes_of_the_codes(places: Path, car: PictureGenerator, tmp_path: Path) -> None:
    common = "--category", "car", "--weights", places / "car.safetensors", "--azimuth", 40, "--elevation", 10
    angles = "--angles", "0,200", "-o", tmp_path / "views", "--json"
    code, stdout, stderr = run(places / "car.png", *common, *angles)
    assert code == 0, stderr
    made = sorted((tmp_path / "views").iterdir())
    assert [path.name for path in made] == ["00000.png", "00001.png"]
    expected = [alone(car, pixels(places / "car.png"), (40, 10), (azimuth, 10)) for azimuth in (0, 200)]
    for path, view in zip(made, expected, strict=True):
        np.testing.assert_array_equal(pixels(path), view)
    assert np.abs(expected[0].astype(int) - expected[1]).max() > 0
    report = json.loads(stdout)
    assert report["azimuths"] == [[0, 200]]
    assert report["warnings"] == []
    assert len(report["inputs"][0]["sha256"]) == 64


def test_a_turntable_begins_at_the_source_and_takes_three_seconds(
    places: Path, car: PictureGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    common = "--category", "car", "--weights", places / "car.safetensors", "--azimuth", 45, "--views", 3
    code, stdout, stderr = run(places / "car.png", *common)
    assert (code, stdout) == (0, "car--turntable.mp4\n")
    assert "rounded down" in stderr
    with av.open("car--turntable.mp4") as video:
        frames = list(video.decode(video=0))
    assert [frame.time for frame in frames] == [0, 1, 2]
    assert run(places / "car.png", *common, "-o", "views")[0] == 0
    for number, azimuth in enumerate((40, 160, 280)):
        expected = alone(car, pixels(places / "car.png"), (40, 0), (azimuth, 0))
        np.testing.assert_array_equal(pixels(Path(f"views/{number:05d}.png")), expected)


def test_a_sheet_has_every_view_and_what_is_missing_is_white(
    places: Path, car: PictureGenerator, tmp_path: Path
) -> None:
    picture = Image.open(places / "car.png").convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    picture.resize((300, 200)).save(tmp_path / "clear.png")
    common = "--category", "car", "--weights", places / "car.safetensors", "--azimuth", 0
    code, _, stderr = run(
        tmp_path / "clear.png", *common, "--angles", "0,20,40,60,80,100,120", "-o", tmp_path / "sheet.png"
    )
    assert code == 0, stderr
    sheet = pixels(tmp_path / "sheet.png")
    assert sheet.shape == (512, 6 * 256, 3)
    white = np.full((256, 256, 3), 255, np.uint8)
    np.testing.assert_array_equal(sheet[:256, 256:512], alone(car, white, (0, 0), (20, 0)))
    np.testing.assert_array_equal(sheet[256:, :256], alone(car, white, (0, 0), (120, 0)))
    assert (sheet[256:, 256:] == 255).all()


def test_a_shapenet_file_gives_picture_and_viewpoint(places: Path, car: PictureGenerator, tmp_path: Path) -> None:
    picture = pixels(places / "car.png")
    with h5py.File(tmp_path / "data_car.hdf5", "w") as file:
        file["a_4_20/image"], file["a_4_20/pose"] = picture, np.array([4, 20])
    common = "--category", "car", "--weights", places / "car.safetensors", "--shapenet", tmp_path / "data_car.hdf5"
    code, _, stderr = run(*common, "--id", "a_4_20", "--angles", "80", "-o", tmp_path / "one.png")
    assert code == 0, stderr
    np.testing.assert_array_equal(pixels(tmp_path / "one.png"), alone(car, picture, (40, 20), (80, 0)))
    code, _, stderr = run(*common, "--id", "b", "-o", tmp_path / "two.png")
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert "no view 'b'" in stderr
    assert "a_4_20" in stderr


def test_several_pictures_go_into_a_folder(places: Path, car: PictureGenerator, tmp_path: Path) -> None:
    Image.open(places / "car.png").save(tmp_path / "other.png")
    common = "--category", "car", "--weights", places / "car.safetensors", "--azimuth", 0, "--views", 2
    code, stdout, _ = run(places / "car.png", tmp_path / "other.png", *common, "-o", tmp_path)
    names = [str(tmp_path / f"{name}--turntable.mp4") for name in ("car", "other")]
    assert (code, stdout.splitlines()) == (0, names)
    assert all(Path(name).stat().st_size for name in names)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"--azimuth": None}, "need --azimuth"),
        ({"--distance": "2"}, "know one camera only"),
        ({"--category": "chair"}, "shapenet_car weights, which don't fit --category chair"),
        ({"--category": "boat"}, "'boat' is not one of"),
        ({"--weights": "person"}, "'picture' weights are needed"),
        ({"--weights": "pose"}, "pictures of people"),
        ({"--elevation": "30"}, "elevation 30 must be"),
        ({"--angles": "0,front"}, "is not a list of angles"),
        ({"--angles": "nan"}, "numbers of degrees"),
        ({"--id": "3"}, "--shapenet FILE with --id"),
        ({"IMAGE": "tiny.png"}, "10x10 pixels"),
        ({"IMAGE": "car.safetensors"}, "not a picture"),
        ({"-o": "out.tga"}, "unknown type"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_2(
    change: dict, line: str, places: Path, car: PictureGenerator, tmp_path: Path
) -> None:
    Image.new("RGB", (10, 10)).save(places / "tiny.png")
    saved(places / "pose.safetensors", "pose_fashion")
    options = {"--category": "car", "--weights": "car", "--azimuth": "0", "-o": "out.mp4"} | change
    if options["--weights"] in ("car", "pose"):
        options["--weights"] = places / f"{options['--weights']}.safetensors"
    options["-o"] = tmp_path / options["-o"]
    image = places / options.pop("IMAGE", "car.png")
    code, stdout, stderr = run(image, *(item for pair in options.items() if pair[1] is not None for item in pair))
    assert (code, stdout) == (2, "")
    assert line in stderr
    assert len(stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_pictures_are_padded_with_the_colour_of_their_border(
    places: Path, car: PictureGenerator, tmp_path: Path
) -> None:
    middle = pixels(places / "car.png")[78:178]
    grey = np.full((256, 256, 3), 200, np.uint8)
    grey[78:178, 20:236] = middle[:, 20:236]
    Image.fromarray(grey[68:188]).save(tmp_path / "wide.png")
    common = "--category", "car", "--weights", places / "car.safetensors", "--azimuth", 0, "--angles", "180"
    code, _, stderr = run(tmp_path / "wide.png", *common, "-o", tmp_path / "one.png")
    assert code == 0, stderr
    np.testing.assert_array_equal(pixels(tmp_path / "one.png"), alone(car, grey, (0, 0), (180, 0)))
