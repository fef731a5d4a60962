"""`gfla view-synth` with networks of the project's own kind, untrained and small."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from gfla_cli.app import app
from models.generators.config import ViewConfig
from models.generators.view import View, ViewGenerator
from models.turning import DISTANCE
from models.viewpoint import ViewpointConfig, ViewpointNetwork
from models.weights import save_weights
from pipelines.evaluation.image_metrics import psnr, to_tensor
from pipelines.synthetic.objects import render, sample_objects

SMALL = ViewConfig(
    width=4, max_width=16, flow_width=4, flow_max_width=16, flow_layers=4, kernel_sizes=(3, 3),
    attention_hidden=8, norm="batch", volume_channels=2, volume_depth=4, detail_hidden=4,
)  # fmt: skip


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["view-synth", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with car.png, a rendered car on white, grey.png, the same on grey, and true views in true/."""
    folder = tmp_path_factory.mktemp("objects")
    objects = sample_objects(category="car", batch=1, generator=torch.Generator().manual_seed(5))
    views = render(objects, torch.tensor([[40.0, 0, 120, 250]]), torch.zeros(1, 4), size=256)
    pictures = ((views.images[0] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    Image.fromarray(pictures[0]).save(folder / "car.png")
    away = 1 - views.mask[0, 0, 0].numpy()[..., None]
    Image.fromarray((pictures[0] - away * 105).clip(0, 255).astype(np.uint8)[60:200]).save(folder / "grey.png")
    (folder / "true").mkdir()
    for azimuth, picture in zip((40, 0, 120, 250), pictures, strict=True):
        Image.fromarray(picture).save(folder / "true" / f"az_{azimuth:03d}.png")
    return folder


@pytest.fixture(scope="module")
def generator(places: Path) -> ViewGenerator:
    torch.manual_seed(1)
    model = ViewGenerator(config=SMALL).eval()
    kinds = {"architecture": "view", "licence": "test", "command": "test", "extra": {}}
    save_weights(places / "objects.safetensors", model, **kinds, exact=True)
    return model


@pytest.fixture(scope="module")
def viewpoint(places: Path) -> Path:
    """A network that sees every car from 300 degrees, 12 degrees above the horizon, framed as it is."""
    torch.manual_seed(1)
    model = ViewpointNetwork(config=ViewpointConfig(widths=(4, 4, 4, 4, 4), hidden=4, bins=36)).eval()
    last = model.head[-1]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    with torch.no_grad():
        last.bias[30], last.bias[36], last.bias[39] = 9.0, 9.0, 0.2
    path = places / "viewpoint.safetensors"
    kinds = {"architecture": "viewpoint", "licence": "test", "command": "test", "extra": {}}
    save_weights(path, model, **kinds, exact=True)
    return path


def alone(model: ViewGenerator, picture: np.ndarray, source: float, target: float) -> View:
    image = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 127.5 - 1
    flat = torch.zeros(1)
    with torch.no_grad():
        return model(image, flat + source, flat, flat + target, flat)


def as_bytes(image: torch.Tensor) -> np.ndarray:
    return ((image[0] + 1) * 127.5).permute(1, 2, 0).numpy()


def common(places: Path, *more: object) -> tuple[object, ...]:
    return "--category", "car", "--weights", places / "objects.safetensors", "--distance", DISTANCE, *more


def test_views_are_what_the_network_makes_at_any_angle(places: Path, generator: ViewGenerator, tmp_path: Path) -> None:
    options = common(places, "--azimuth", 40, "--angles", "0,77.5", "-o", tmp_path / "views", "--json")
    code, stdout, stderr = run(places / "car.png", *options)
    assert code == 0, stderr
    for number, azimuth in enumerate((0, 77.5)):
        expected = as_bytes(alone(generator, pixels(places / "car.png"), 40, azimuth).image)
        np.testing.assert_allclose(pixels(tmp_path / "views" / f"{number:05d}.png"), expected, atol=0.6)
    report = json.loads(stdout)
    assert report["azimuths"] == [[0, 77.5]]
    assert report["sources"] == [{"azimuth": 40, "elevation": 0, "confidence": None}]
    assert report["warnings"] == []


def test_a_turn_has_72_frames_from_the_estimated_azimuth_on(
    places: Path, generator: ViewGenerator, viewpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, stdout, stderr = run(places / "car.png", *common(places, "--viewpoint", viewpoint))
    assert (code, stdout) == (0, "car--turntable.mp4\n")
    assert "car.png: seen from azimuth 300, elevation 12, confidence 1.00" in stderr
    with av.open("car--turntable.mp4") as video:
        times = [frame.time for frame in video.decode(video=0)]
    assert len(times) == 72
    assert times[-1] == pytest.approx(3 * 71 / 72, abs=1e-3)


def test_transparent_views_over_a_colour_are_those_on_the_original_background(
    places: Path, generator: ViewGenerator, tmp_path: Path
) -> None:
    options = common(places, "--azimuth", 40, "--angles", "0,90")
    for background, name in (("transparent", "clear.png"), ("original", "grey.png"), ("white", "white.png")):
        given = (*options, "--background", background, "-o", tmp_path / name)
        code, _, stderr = run(places / "grey.png", *given)
        assert code == 0, stderr
    clear = pixels(tmp_path / "clear.png").astype(float)
    assert clear.shape == (256, 512, 4)
    for name, colour in (("grey.png", 150), ("white.png", 255)):
        over = colour + clear[..., 3:] / 255 * (clear[..., :3] - colour)
        np.testing.assert_allclose(pixels(tmp_path / name), over, atol=2)
    assert np.ptp(clear[..., 3]) > 0


def test_views_are_compared_with_true_ones_but_not_the_source_itself(
    places: Path, generator: ViewGenerator, tmp_path: Path
) -> None:
    options = common(
        places, "--azimuth", 40, "--angles", "0,120", "--compare", places / "true", "-o", tmp_path / "made"
    )
    code, stdout, stderr = run(places / "car.png", *options)
    assert code == 0, stderr
    path, header, *rows = stdout.splitlines()
    assert (path, header.split()) == (str(tmp_path / "made"), ["azimuth", "l1", "psnr", "ssim"])
    assert [row.split()[0] for row in rows] == ["0", "120", "250", "mean"]
    pairs = [(tmp_path / "made" / f"{n:05d}.png", places / "true" / f"az_{a:03d}.png") for n, a in enumerate((0, 120))]
    expected = [psnr(*(to_tensor(pixels(path)) for path in pair)) for pair in pairs]
    assert [float(row.split()[2]) for row in rows[:2]] == pytest.approx(expected, abs=0.01)
    code, stdout, _ = run(places / "car.png", *options, "--json", "--overwrite")
    compared = json.loads(stdout)["compared"]
    assert [view["azimuth"] for view in compared["views"]] == [0, 120, 250]
    assert compared["means"]["psnr"] == pytest.approx(np.mean([view["psnr"] for view in compared["views"]]))


def test_doubts_are_said_and_the_work_goes_on(
    places: Path, generator: ViewGenerator, viewpoint: Path, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (12, 12, 3), np.uint8)
    Image.fromarray(noise).resize((256, 256)).save(tmp_path / "noise.png")
    options = "--category", "chair", "--weights", places / "objects.safetensors", "--viewpoint", viewpoint
    code, _, stderr = run(tmp_path / "noise.png", *options, "--angles", "0", "-o", tmp_path / "one.png")
    assert code == 0
    assert "noise.png: its background is not plain" in stderr
    assert "noise.png does not look like a chair on a plain background but like a car" in stderr


@pytest.mark.parametrize(
    ("image", "options", "line"),
    [
        ("car.png", ("--azimuth", "left"), "'left' is neither 'auto' nor an angle"),
        ("car.png", ("--azimuth", "0", "--viewpoint", "objects"), "'viewpoint' weights are needed"),
        ("car.png", ("--distance", "0.5"), "--distance 0.5 must be from 1 to 20"),
        ("car.png", ("--distance", "nan"), "--distance nan must be"),
        ("blank.png", ("--azimuth", "0"), "nothing that stands out"),
        ("tiny.png", ("--azimuth", "0"), "10x10 pixels"),
        ("car.png", ("--azimuth", "0", "--background", "transparent", "-o", "a.mp4"), "can't be transparent"),
        ("car.png", ("--azimuth", "0", "--background", "transparent", "--compare", "true"), "needs --background white"),
        ("car.png", ("--azimuth", "0", "--compare", "."), "no pictures called az_DDD.png"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_2(
    image: str, options: tuple[str, ...], line: str, places: Path, generator: ViewGenerator, tmp_path: Path
) -> None:
    Image.new("RGB", (10, 10)).save(places / "tiny.png")
    Image.new("RGB", (64, 64), (250, 240, 230)).save(places / "blank.png")
    paths = {"true": places / "true", ".": places, "out.mp4": tmp_path / "out.mp4", "a.mp4": tmp_path / "a.mp4"}
    given = [paths.get(option, option) for option in options]
    if "-o" not in given:
        given += ["-o", tmp_path / "out.png"]
    code, stdout, stderr = run(places / image, *common(places), *given)
    assert (code, stdout) == (2, "")
    assert line in stderr
    assert len(stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
