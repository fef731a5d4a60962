"""View synthesis with small untrained networks: what it writes is what the networks alone make."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import GflaError
from models.generators.picture import PictureGenerator
from models.generators.view import ViewGenerator
from models.generators.view_codes import view_code
from models.turning import DISTANCE, Camera
from pipelines.configs import ViewSynthConfig
from pipelines.runtime.progress import NotesProgress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.view_synthesis import ViewSynthResult, synthesize_views
from tests.helpers.view_networks import (
    make_authors_generator,
    make_constant_viewpoint_network,
    make_view_generator,
    save_network,
)

TRUE_AZIMUTHS = (40, 0, 120, 250)


@dataclass(frozen=True)
class Case:
    """Weights with their generator, and options to run them with."""

    generator: Any
    folder: Path
    options: dict[str, Any]

    def run(self, image: Path | None = None, **options: Any) -> tuple[ViewSynthResult, list[str]]:
        """The result and the notes; `image` is the folder's car.png if omitted."""
        progress = NotesProgress()
        images = {} if "shapenet" in options else {"images": (image or self.folder / "car.png",)}
        given: dict[str, Any] = {"images": (), "category": "car", "precision": "fp32"} | images | self.options | options
        return synthesize_views(ViewSynthConfig(**given), progress), progress.notes


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered car seen from azimuth 40, car.png on white and grey.png on grey, true views of it in true/, and
    tiny.png and blank.png."""
    folder = tmp_path_factory.mktemp("objects")
    objects = sample_objects(category="car", batch=1, generator=torch.Generator().manual_seed(5))
    azimuths = torch.tensor([TRUE_AZIMUTHS], dtype=torch.float32)
    views = render(objects, Camera.usual(azimuths, torch.zeros_like(azimuths)), size=256)
    pictures = ((views.images[0] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    Image.fromarray(pictures[0]).save(folder / "car.png")
    outside = 1 - views.mask[0, 0, 0].numpy()[..., None]
    Image.fromarray((pictures[0] - outside * 105).clip(0, 255).astype(np.uint8)[60:200]).save(folder / "grey.png")
    (folder / "true").mkdir()
    for azimuth, picture in zip(TRUE_AZIMUTHS, pictures, strict=True):
        Image.fromarray(picture).save(folder / "true" / f"az_{azimuth:03d}.png")
    Image.new("RGB", (10, 10)).save(folder / "tiny.png")
    Image.new("RGB", (64, 64), (250, 240, 230)).save(folder / "blank.png")
    return folder


@pytest.fixture(scope="module")
def own(folder: Path) -> Case:
    """The project's generator with the bundled viewpoint network."""
    generator = make_view_generator()
    weights = save_network(folder / "objects.safetensors", generator, "view")
    return Case(generator, folder, {"weights": str(weights), "elevation": 0.0, "distance": DISTANCE})


@pytest.fixture(scope="module")
def viewpoint(folder: Path) -> str:
    """A viewpoint network that sees a car from azimuth 300, elevation 12, in every picture."""
    network = make_constant_viewpoint_network(azimuth=300, elevation=12)
    return str(save_network(folder / "viewpoint.safetensors", network, "viewpoint"))


@pytest.fixture(scope="module")
def authors(folder: Path) -> Case:
    """The authors' generator of cars."""
    generator = make_authors_generator()
    weights = save_network(folder / "authors.safetensors", generator, "picture", official="shapenet_car")
    people = make_authors_generator(structure_channels=18, coded=False)
    save_network(folder / "people.safetensors", people, "picture", official="pose_fashion")
    return Case(generator, folder, {"weights": str(weights), "azimuth": 0.0})


def own_view(
    model: ViewGenerator, picture: np.ndarray, source: float, target: float, elevations: tuple[float, float] = (0, 0)
) -> np.ndarray:
    """The generator alone: uint8 [S, S, 3], azimuths and elevations -> [S, S, 3] in 0..255, not rounded."""
    image, zero = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 127.5 - 1, torch.zeros(1)
    cameras = (Camera.usual(zero + a, zero + e) for a, e in zip((source, target), elevations, strict=True))
    with torch.no_grad():
        view = model(image, *cameras)
    return ((view.image[0] + 1) * 127.5).permute(1, 2, 0).numpy()


def authors_view(model: PictureGenerator, picture: np.ndarray, source: tuple, target: tuple) -> np.ndarray:
    """The authors' generator alone: uint8 [S, S, 3], azimuths and elevations -> uint8 [S, S, 3]."""
    image = (torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255 - 0.5) / 0.5
    with torch.no_grad():
        made = model(image, view_code(*source)[None], view_code(*target)[None]).image[0]
    return np.trunc(((made + 1) / 2 * 255).permute(1, 2, 0).numpy()).astype(np.uint8)


def test_views_are_what_the_network_makes_at_any_angle(own: Case, tmp_path: Path) -> None:
    result, notes = own.run(azimuth=40, angles=(0, 77.5), output=tmp_path / "views")
    for number, azimuth in enumerate((0, 77.5)):
        expected = own_view(own.generator, pixels(own.folder / "car.png"), 40, azimuth)
        np.testing.assert_allclose(pixels(tmp_path / "views" / f"{number:05d}.png"), expected, atol=0.6)
    assert notes == []
    summary = result.summary()
    assert (summary["outputs"], summary["azimuths"]) == ([str(tmp_path / "views")], [[0, 77.5]])
    unknown = dict.fromkeys(("confidence", "elevation_confidence", "distance_confidence"))
    assert summary["sources"] == [{"category": "car", "azimuth": 40, "elevation": 0, "distance": DISTANCE, **unknown}]
    assert len(summary["inputs"][0]["sha256"]) == 64


def test_a_turn_has_72_views_from_the_estimated_azimuth_on(
    own: Case, viewpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.view_synthesis.refine_azimuth", lambda _, view: view)  # the generator is untrained
    monkeypatch.setattr("pipelines.object_views.viewpoint.mirror_answer", lambda answer: answer)  # it is constant
    result, notes = own.run(viewpoint=viewpoint)
    assert notes == ["car.png: seen from azimuth 300 (confidence 1.00)"]
    np.testing.assert_allclose(list(result.azimuths.values()), [np.arange(300, 660, 5) % 360], atol=0.1)
    with av.open("car--turntable.mp4") as video:
        times = [frame.time for frame in video.decode(video=0)]
    assert len(times) == 72
    assert times[-1] == pytest.approx(3 * 71 / 72, abs=1e-3)


def test_a_turn_begins_at_the_pictures_own_view(own: Case, viewpoint: str, tmp_path: Path) -> None:
    options = {"viewpoint": viewpoint, "views": 2, "elevation": None}
    source = own.run(**options, output=tmp_path / "turn")[0].sources[0]
    own.run(**options, view_elevation=5, output=tmp_path / "lower")
    assert source.elevation == pytest.approx(12, abs=0.1)
    for folder, elevation in (("turn", source.elevation), ("lower", 5)):
        elevations = source.elevation, elevation
        expected = own_view(own.generator, source.picture, source.azimuth, source.azimuth, elevations)
        np.testing.assert_allclose(pixels(tmp_path / folder / "00000.png"), expected, atol=1)


def test_transparent_views_on_a_colour_are_those_on_the_original_background(own: Case, tmp_path: Path) -> None:
    for background in ("transparent", "original", "white"):
        options = {"azimuth": 40, "angles": (0, 90), "background": background}
        own.run(own.folder / "grey.png", **options, output=tmp_path / f"{background}.png")
    clear = pixels(tmp_path / "transparent.png").astype(float)
    assert clear.shape == (256, 512, 4)
    for name, colour in (("original.png", 150), ("white.png", 255)):
        laid = colour + clear[..., 3:] / 255 * (clear[..., :3] - colour)
        np.testing.assert_allclose(pixels(tmp_path / name), laid, atol=2)
    assert np.ptp(clear[..., 3]) > 0


def test_views_are_compared_with_true_ones_but_not_with_the_source_itself(own: Case, tmp_path: Path) -> None:
    true = own.folder / "true"
    result, notes = own.run(azimuth=40, angles=(0, 120), compare=true, output=tmp_path / "made")
    assert [scores.azimuth for scores in result.compared] == [0, 120, 250]
    assert notes == ["az_040.png shows the source's own view: not compared"]
    for number, (azimuth, scores) in enumerate(zip((0, 120), result.compared, strict=False)):
        made, expected = (
            pixels(path) / 255 for path in (tmp_path / f"made/{number:05d}.png", true / f"az_{azimuth:03d}.png")
        )
        assert scores.psnr == pytest.approx(-10 * np.log10(((made - expected) ** 2).mean()), abs=1e-6)
    compared = result.summary()["compared"]
    assert [view["azimuth"] for view in compared["views"]] == [0, 120, 250]
    assert compared["means"]["psnr"] == pytest.approx(np.mean([scores.psnr for scores in result.compared]))


def test_the_sources_own_view_is_known_by_its_picture(own: Case, viewpoint: str, tmp_path: Path) -> None:
    """Though its azimuth was estimated, 300 instead of 40."""
    Image.open(own.folder / "car.png").resize((200, 200)).save(tmp_path / "car.jpg", quality=92)
    options = {"viewpoint": viewpoint, "angles": (0,), "compare": own.folder / "true", "output": tmp_path / "made"}
    result, notes = own.run(tmp_path / "car.jpg", **options)
    assert [scores.azimuth for scores in result.compared] == [0, 120, 250]
    assert notes[-1] == "az_040.png shows the source's own view: not compared"


def test_doubtful_pictures_are_noted_and_rendered(own: Case, viewpoint: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (12, 12, 3), np.uint8)
    Image.fromarray(noise).resize((256, 256)).save(tmp_path / "noise.png")
    options = {"category": "chair", "viewpoint": viewpoint, "angles": (0,)}
    _, notes = own.run(tmp_path / "noise.png", **options, output=tmp_path / "one.png")
    assert notes[0].startswith("noise.png: the object is hard to tell from its background")
    assert notes[1].startswith("noise.png does not look like a chair on a plain background but like a car")
    assert (tmp_path / "one.png").exists()


def test_the_authors_views_are_what_their_network_makes_of_the_codes(authors: Case, tmp_path: Path) -> None:
    result, notes = authors.run(azimuth=40, elevation=10, angles=(0, 200), output=tmp_path / "views")
    made = sorted((tmp_path / "views").iterdir())
    assert [path.name for path in made] == ["00000.png", "00001.png"]
    picture = pixels(authors.folder / "car.png")
    expected = [authors_view(authors.generator, picture, (40, 10), (azimuth, 10)) for azimuth in (0, 200)]
    for path, view in zip(made, expected, strict=True):
        np.testing.assert_array_equal(pixels(path), view)
    assert np.abs(expected[0].astype(int) - expected[1]).max() > 0
    assert (list(result.azimuths.values()), notes) == ([[0, 200]], [])


def test_the_authors_turn_begins_at_the_source_rounded_down(authors: Case, tmp_path: Path) -> None:
    result, notes = authors.run(azimuth=45, views=3, output=tmp_path / "views")
    assert list(result.azimuths.values()) == [[45, 165, 285]]
    assert len(notes) == 1
    assert "rounded down" in notes[0]
    for number, azimuth in enumerate((40, 160, 280)):
        expected = authors_view(authors.generator, pixels(authors.folder / "car.png"), (40, 0), (azimuth, 0))
        np.testing.assert_array_equal(pixels(tmp_path / f"views/{number:05d}.png"), expected)


def test_a_sheet_has_every_view_of_a_picture_of_any_size(authors: Case, tmp_path: Path) -> None:
    picture = Image.open(authors.folder / "car.png").convert("RGBA")
    picture.putalpha(0)
    picture.resize((300, 200)).save(tmp_path / "clear.png")
    authors.run(tmp_path / "clear.png", angles=(0, 20, 40, 60, 80, 100, 120), output=tmp_path / "sheet.png")
    sheet, white = pixels(tmp_path / "sheet.png"), np.full((256, 256, 3), 255, np.uint8)
    assert sheet.shape == (512, 6 * 256, 3)
    np.testing.assert_array_equal(sheet[:256, 256:512], authors_view(authors.generator, white, (0, 0), (20, 0)))
    np.testing.assert_array_equal(sheet[256:, :256], authors_view(authors.generator, white, (0, 0), (120, 0)))
    assert (sheet[256:, 256:] == 255).all()


@pytest.mark.parametrize(("azimuth", "source"), [(None, 40), (60, 60)])
def test_a_shapenet_file_has_picture_and_viewpoint(
    authors: Case, azimuth: float | None, source: float, tmp_path: Path
) -> None:
    picture = pixels(authors.folder / "car.png")
    with h5py.File(tmp_path / "data_car.hdf5", "w") as file:
        file["a_4_20/image"], file["a_4_20/pose"] = picture, np.array([4, 20])
    view = {"shapenet": tmp_path / "data_car.hdf5", "id": "a_4_20", "azimuth": azimuth}
    authors.run(**view, angles=(80,), output=tmp_path / "one.png")
    expected = authors_view(authors.generator, picture, (source, 20), (80, 20))
    np.testing.assert_array_equal(pixels(tmp_path / "one.png"), expected)


def test_several_pictures_go_into_a_folder(authors: Case, tmp_path: Path) -> None:
    Image.open(authors.folder / "car.png").save(tmp_path / "other.png")
    images = authors.folder / "car.png", tmp_path / "other.png"
    result, _ = authors.run(images=images, views=2, output=tmp_path)
    assert list(result.azimuths) == [tmp_path / "car--turntable.mp4", tmp_path / "other--turntable.mp4"]
    assert all(path.stat().st_size for path in result.azimuths)
    assert len(result.sources) == 2


@pytest.mark.parametrize(
    ("kind", "options", "line"),
    [
        ("own", {"viewpoint": "objects"}, "'viewpoint' weights are needed"),
        ("own", {"distance": 0.5}, "--distance 0.5 must be from 1 to 20"),
        ("own", {"distance": float("nan")}, "--distance nan must be"),
        ("own", {"view_elevation": float("nan")}, "--view-elevation nan must be from -10 to 40 degrees"),
        ("own", {"angles": (0.0, float("nan"))}, "angle nan: .* finite numbers of degrees"),
        ("own", {"id": "3"}, "--shapenet FILE with --id"),
        ("own", {"images": ()}, "pass either pictures, or --shapenet"),
        ("own", {"images": ("car.png", "true/car.png")}, "two pictures have the same name"),
        ("own", {"images": ("blank.png",)}, r"blank\.png shows nothing that stands out"),
        ("own", {"images": ("tiny.png",)}, "10x10 pixels"),
        ("own", {"images": ("objects.safetensors",)}, "not a picture"),
        ("own", {"background": "transparent", "output": "a.mp4"}, r"a\.mp4 can't be transparent"),
        ("own", {"background": "transparent", "compare": "true"}, "needs --background white"),
        ("own", {"compare": "."}, r"no pictures named az_DDD\.png"),
        ("own", {"compare": "true", "images": ("car.png", "grey.png"), "output": None}, "--compare takes a single"),
        ("own", {"output": "out.tga"}, "unknown type"),
        ("authors", {"azimuth": None}, "these weights need --azimuth"),
        ("authors", {"view_elevation": -5.0}, "--view-elevation -5: these weights know 0 to below 30"),
        ("authors", {"distance": 2.0}, "--distance 2: the camera of the authors' generators is fixed"),
        ("authors", {"background": "original"}, "--background original: the authors' generators render on white only"),
        ("authors", {"category": "chair"}, "shapenet_car weights, which don't match --category chair"),
        ("authors", {"weights": "person"}, "'picture' weights are needed"),
        ("authors", {"weights": "people.safetensors"}, "weights generate people, not objects"),
        ("authors", {"weights": "nobody"}, "no weights 'nobody'"),
        ("authors", {"shapenet": "car.png", "id": "a"}, "no HDF5 file|not an HDF5 file"),
    ],
)
def test_what_can_not_be_done_is_refused_and_nothing_is_written(
    kind: str, options: dict[str, Any], line: str, request: pytest.FixtureRequest, folder: Path, tmp_path: Path
) -> None:
    case: Case = request.getfixturevalue(kind)
    options = {"output": "out.png"} | options
    options |= {key: folder / options[key] for key in ("compare", "shapenet") if key in options}
    options |= {"images": tuple(folder / name for name in options["images"])} if "images" in options else {}
    if str(options.get("weights", "")).endswith(".safetensors"):
        options["weights"] = str(folder / options["weights"])
    options["output"] = tmp_path / options["output"] if options["output"] else tmp_path
    with pytest.raises(GflaError, match=line):
        case.run(**options)
    assert not list(tmp_path.iterdir())
