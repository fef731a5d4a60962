"""The scripts and the notebook in examples/ run, at small sizes, and stay short; the example files are small."""

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import av
import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from PIL import Image

from models.pose_refiner import PoseRefiner
from models.weights import load_weights
from pipelines.batch.executors.registry import EXECUTORS
from pipelines.keypoints.detectors.registry import DETECTORS
from tests.helpers.faces import write_face_inputs
from tests.helpers.media_files import DRIVING, SOURCE
from tests.helpers.small_batches import write_small_clip, write_small_source

FOLDER = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.name not in ("arguments.py", "scenes.py"))
LONGER = ("render_", "own_executor")
OBJECTS = [FOLDER / "car.png", FOLDER / "chair.png"]


def run(script: str, *arguments: object) -> None:
    runpy.run_path(str(FOLDER / script))["main"](*map(str, arguments))


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small copy of the example person."""
    return write_small_source(tmp_path_factory.mktemp("person") / "person.png")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small frames of the example video."""
    return write_small_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=2)


@pytest.fixture(autouse=True)
def _process_as_before() -> Iterator[None]:
    """No test downloads YOLO; what a script registers or sets is undone; scripts find what is beside them."""
    threads, path = torch.get_num_threads(), [str(FOLDER), *sys.path]
    with patch.dict(DETECTORS, auto=DETECTORS["bundled"]), patch.dict(EXECUTORS), patch.object(sys, "path", path):
        yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short(script: Path) -> None:
    limit = 75 if script.name.startswith(LONGER) else 45
    assert len(script.read_text().splitlines()) < limit


@pytest.mark.parametrize("file", [SOURCE, DRIVING, *OBJECTS], ids=lambda path: path.name)
def test_an_example_file_is_small(file: Path) -> None:
    assert 0 < file.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (["--help"], 0, "python examples/render_training_clip.py OUTPUT.gif [SIZE]"),
        pytest.param([], 2, "missing a required argument: 'output'", marks=pytest.mark.slow),
        (["clip.xyz", "32", "2"], 2, "clip.xyz"),
    ],
)
def test_a_script_explains_its_arguments(words: list[str], code: int, shown: str, tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "render_training_clip.py"), *words]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(FOLDER.parent)}, capture_output=True, text=True
    )
    assert done.returncode == code
    assert shown in (done.stderr if code else done.stdout)
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_hands_its_arguments_on(script: Path) -> None:
    text = script.read_text()
    assert f"python examples/{script.name} " in text.partition('"""\n\n')[0]
    assert text.endswith("    from arguments import run_script\n\n    run_script(main, __doc__)\n")


def test_animate_picture(person: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("animate_picture.py", person, clip, tmp_path / "out.mp4", 1)
    assert (tmp_path / "out.mp4").stat().st_size > 1000
    assert capsys.readouterr().out.endswith("out.mp4: 1 frames, 0 of them without a person\n")


def test_transfer_pose(person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("transfer_pose.py", person, tmp_path / "poses", person, SOURCE)
    assert len(list((tmp_path / "poses").iterdir())) == 2
    assert capsys.readouterr().out.splitlines()[1] == f"picture 2 has the pose of {SOURCE}"


def test_animate_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = write_face_inputs(tmp_path, frames=2)
    inputs = [places / name for name in ("source.png", "source.txt", "driving", "landmarks", "face.safetensors")]
    run("animate_face.py", *inputs, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").stat().st_size > 1000
    assert capsys.readouterr().out.startswith("2 frames; the face is in columns ")


def test_view_synthesis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("view_synthesis.py", OBJECTS[0], tmp_path / "turn.mp4", 2)
    assert (tmp_path / "turn.mp4").stat().st_size > 1000
    assert capsys.readouterr().out.endswith("turn.mp4: 2 views\n")


def test_extract_keypoints(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("extract_keypoints.py", clip, tmp_path / "track.json")
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("2 frames, 0 without the person")
    assert [line.split("(")[0].split() for line in others] == [[s, "s", "left", "wrist"] for s in ("0.00", "0.04")]


def test_check_inputs(person: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check_inputs.py", person, clip)
    verdict, *lines = capsys.readouterr().out.splitlines()
    assert verdict in ("good", "doubtful")
    assert "person: in 100% of 2 inspected frames, of 2" in lines


def test_own_detector(person: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("own_detector.py", person, clip, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").stat().st_size > 1000
    assert capsys.readouterr().out == "low-light: a person in 2 of 2 frames\n"


def test_own_executor(person: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("own_executor.py", person, clip, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").glob("*.mp4")) == ["crop.mp4", "full.mp4"]
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if "progress" not in line] == [
        "2 jobs to run, 0 finished earlier", "full started", "full done", "crop started", "crop done",
    ]  # fmt: skip


def test_train_for_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("train_for_a_minute.py", tmp_path / "run", 1)
    assert capsys.readouterr().out.startswith("step ")
    assert isinstance(load_weights(tmp_path / "run" / "weights.safetensors"), PoseRefiner)


def test_render_readme(tmp_path: Path) -> None:
    run("render_readme.py", tmp_path / "new", 3, 40)
    assert Image.open(tmp_path / "new" / "strip.png").size[1] == 60
    with Image.open(tmp_path / "new" / "animation.webp") as moving:
        assert getattr(moving, "n_frames", 1) > 1


def test_render_training_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("render_training_clip.py", tmp_path / "clip.gif", 64, 3)
    assert (tmp_path / "clip.gif").stat().st_size > 1000
    assert "of it was visible before" in capsys.readouterr().out


def test_render_examples(tmp_path: Path) -> None:
    run("render_examples.py", tmp_path / "new", 3, 0.2)
    assert (tmp_path / "new" / "source.png").stat().st_size > 1000
    with av.open(str(tmp_path / "new" / "driving.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_render_people(tmp_path: Path) -> None:
    run("render_people.py", tmp_path / "new", 2, 48)
    sizes = {path.name: Image.open(path).size for path in (tmp_path / "new").iterdir()}
    assert sizes == {"people.webp": (288, 48), "faces.webp": (288, 48), "hands.webp": (288, 48)}


def test_render_object_sheet(tmp_path: Path) -> None:
    run("render_object_sheet.py", tmp_path / "new", 2, 48)
    assert Image.open(tmp_path / "new" / "objects.webp").size == (96, 480)


def test_render_objects(tmp_path: Path) -> None:
    run("render_objects.py", tmp_path / "new")
    for file in OBJECTS:
        made, given = (np.asarray(Image.open(folder / file.name)).astype(int) for folder in (tmp_path / "new", FOLDER))
        assert np.abs(made - given).mean() < 0.1


def test_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):  # nothing is left in the home of whom the tests belong to
        monkeypatch.setenv(name, str(tmp_path / name))
    (work := tmp_path / "work").mkdir()
    notebook = nbformat.read(FOLDER / "animate_picture.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    NotebookClient(notebook, resources={"metadata": {"path": str(work)}}).execute()
    shown = [output.data for cell in cells for output in cell.outputs if "data" in output]
    assert ["image/png" in data for data in shown] == [True, False, True, True]
    assert 'src="data:video/mp4;base64,' in shown[1]["text/html"]
    assert (work / "dance.mp4").stat().st_size > 1000
