"""Every option of a command reaches the pipeline: as one field of its config, with the value that was typed."""

import inspect
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import typer
from typer.testing import CliRunner

from gfla_cli import job_options
from gfla_cli.app import app
from gfla_cli.examples import EXAMPLES
from models.errors import ProcessingError
from pipelines import configs
from pipelines.runtime.field_docs import field_docs
from tests.helpers.media_files import write_picture

HERE = str(Path(__file__).parent)
PIPELINES = {
    "animate": "pipelines.animation.animate",
    "check": "pipelines.preflight.check.InputChecker",
    "evaluate": "pipelines.evaluation.evaluate.evaluate_pictures",
    "face": "pipelines.face_animation.animate_face",
    "keypoints": "pipelines.keypoint_extraction.extract_keypoints",
    "pose": "pipelines.pose_transfer.transfer_pose",
    "preview": "pipelines.preview.preview_animation",
    "view-synth": "pipelines.view_synthesis.synthesize_views",
}
ARGUMENTS = {"view-synth": ["a.png", "--category", "chair"], "keypoints": ["a.png", "-o", "track.json"]}
# Text and value of options that are neither choices nor switches; a new option needs a line here.
VALUES: dict[str, tuple[str, Any]] = {
    "--output": ("frames/%05d.png", Path("frames/%05d.png")),
    "-o": ("out.webm", Path("out.webm")),
    "--debug": ("mask,flow,mask", ("mask", "flow")),
    "--audio": ("none", "none"),
    "--also": (__file__, (Path(__file__),)),
    "--background": ("white", "white"),
    "--upscaler": (__file__, Path(__file__)),
    "--scale": ("1.5", 1.5),
    "--crf": ("20", 20),
    "--format": ("webm", "webm"),
    "--codec": ("hevc", "hevc"),
    "--start": ("1:30.5", Fraction(181, 2)),
    "--end": ("12", Fraction(12)),
    "--max-frames": ("5", 5),
    "--fps": ("30000/1001", Fraction(30000, 1001)),
    "--yolo-weights": (__file__, Path(__file__)),
    "--people": ("1:2,2:1", "1:2,2:1"),
    "--person": ("2", "2"),
    "--landmarks": (HERE, Path(HERE)),
    "--source-landmarks": (__file__, Path(__file__)),
    "--weights": ("mine.safetensors", "mine.safetensors"),
    "--motion": ("keypoint", "keypoint"),
    "--viewpoint": ("mine", "mine"),
    "--device": ("cuda:1", "cuda:1"),
    "--azimuth": ("-40.5", -40.5),
    "--elevation": ("10", 10.0),
    "--distance": ("2.5", 2.5),
    "--view-elevation": ("-5", -5.0),
    "--views": ("12", 12),
    "--angles": ("0,77.5", (0.0, 77.5)),
    "--shapenet": (__file__, Path(__file__)),
    "--id": ("a_4_20", "a_4_20"),
    "--c2pa-certificate": (__file__, Path(__file__)),
    "--c2pa-key": (__file__, Path(__file__)),
    "--fid-reference": (HERE, Path(HERE)),
    "--metric": ("ssim,l1", ("ssim", "l1")),
    "--resize": ("176x256", (176, 256)),
    "--crop": ("16x20", (16, 20)),
    "animate --keypoints": (__file__, __file__),
    "preview --keypoints": (__file__, __file__),
    "--count": ("5", 5),
    "keypoints --debug": ("skeleton", ("skeleton",)),
    "view-synth --compare": (HERE, Path(HERE)),
}
DEFAULTS = {
    "animate": configs.AnimateConfig(Path("a.png"), Path("b.png")),
    "check": configs.AnimateConfig(Path("a.png"), Path("b.png")),
    "evaluate": configs.EvaluateConfig(Path("a.png"), Path("b.png")),
    "face": configs.FaceConfig(Path("a.png"), Path("b.png")),
    "keypoints": configs.KeypointsConfig(Path("a.png"), Path("track.json")),
    "pose": configs.PoseConfig(Path("a.png"), (Path("b.png"),)),
    "preview": configs.PreviewConfig(Path("a.png"), Path("b.png")),
    "view-synth": configs.ViewSynthConfig((Path("a.png"),), category="chair"),
}
NO_FIELD = {"--json", "--quiet", "-q", "--thorough", "--sheet", "--config", "--progress", "--help"}


def commands() -> dict[str, Any]:
    """The commands of the program by name, those of groups as `data check`."""
    found = dict(typer.main.get_command(app).commands)  # pyright: ignore[reportAttributeAccessIssue]
    for group in ("data", "weights"):
        found |= {f"{group} {name}": each for name, each in found.pop(group).commands.items()}
    return found


def cases() -> Iterator[Any]:
    """(command, flag, text or None, name of the field, its value)."""
    for name in PIPELINES:
        command = commands()[name]
        annotations = inspect.signature(command.callback).parameters
        for option in command.params:
            for flag in sorted(set(option.opts) - NO_FIELD) if option.param_type_name == "option" else ():
                kind = get_args(annotations[option.name].annotation)[0]
                if get_origin(kind) is Literal:
                    value = next(each for each in get_args(kind) if each not in (option.default, "chair"))
                    text: str | None = value
                elif kind is bool:
                    text, value = None, True
                else:
                    text, value = VALUES.get(f"{name} {flag}") or VALUES[flag]
                yield pytest.param(name, flag, text, option.name, value, id=f"{name} {flag}")


def config_of(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The config that `gfla ARGUMENTS` hands to the pipeline."""
    found = []

    def pipeline(config: object, *rest: object, **options: object) -> None:
        found.append(config)
        raise ProcessingError("enough")

    monkeypatch.chdir(folder)
    monkeypatch.setattr(PIPELINES[arguments[0]], pipeline)
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stderr) == (1, "gfla: enough\n")
    return found[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures a.png and b.png."""
    place = tmp_path_factory.mktemp("inputs")
    for name in ("a.png", "b.png"):
        write_picture(place / name)
    return place


@pytest.mark.parametrize(("command", "flag", "text", "field", "value"), cases())
def test_an_option_changes_one_field(
    command: str, flag: str, text: str | None, field: str, value: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [command, *ARGUMENTS.get(command, ["a.png", "b.png"])]
    config = config_of([*arguments, flag, *([] if text is None else [text])], folder, monkeypatch)
    assert getattr(config, field) == value
    assert {name for name, old in vars(DEFAULTS[command]).items() if old != getattr(config, name)} == {field}


JOBS = [
    case
    for case in cases()
    if case.values[0] in job_options.COMMANDS and job_options.is_option(case.values[3])
    if case.id != "view-synth --compare"  # which prints
]


@pytest.mark.parametrize(("command", "flag", "text", "field", "value"), JOBS)
def test_an_option_of_a_batch_changes_one_option_of_its_jobs(
    command: str, flag: str, text: str | None, field: str, value: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse, found = job_options.parse, []

    def stand_in(*arguments: Any) -> None:
        found.append(parse(*arguments))
        raise ProcessingError("enough")

    monkeypatch.chdir(folder)
    monkeypatch.setattr(job_options, "parse", stand_in)
    inputs = ["a.png", "-o", "out", "--category=chair"] if command == "view-synth" else ["a.png", "b.png", "-o", "out"]
    words = ["batch", *inputs, "--command", command]
    for more in ([], [flag] if text is None else [flag, text]):
        assert CliRunner().invoke(app, [*words, *more]).stderr == "gfla: enough\n"
    plain, given = found
    assert {name for name in plain | given if plain.get(name) != given.get(name)} == {field}


@pytest.mark.parametrize("command", PIPELINES)
def test_without_options_the_pipeline_gets_the_defaults_of_its_config(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config_of([command, *ARGUMENTS.get(command, ["a.png", "b.png"])], folder, monkeypatch) == DEFAULTS[command]


def test_every_field_of_a_config_is_an_option_and_explained() -> None:
    for command, config in DEFAULTS.items():
        names, docs = {field.name for field in fields(config)}, field_docs(type(config))
        assert names <= {name for name, text in docs.items() if text.endswith(".")}
        if command != "check":
            videos = (
                {"compare", "debug", "audio", "crf", "codec", "format", "upscaler", "scale", "resume"}
                | {"metadata", "c2pa_certificate", "c2pa_key"}
                if command == "preview"
                else set()
            )
            assert names - {"seed", *videos} <= {option.name for option in commands()[command].params}


def test_a_value_of_auto_is_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auto = ["--landmarks", "auto", "--source-landmarks", "auto"]
    config = config_of(["face", "a.png", "b.png", *auto], folder, monkeypatch)
    assert config == configs.FaceConfig(Path("a.png"), Path("b.png"))
    config = config_of(["view-synth", "a.png", "--category", "car", "--azimuth", "auto"], folder, monkeypatch)
    assert config.azimuth is None


def test_several_files_reach_the_pipeline_in_their_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_of(["pose", "a.png", "b.png", "a.png"], folder, monkeypatch).targets == (Path("b.png"), Path("a.png"))
    config = config_of(["view-synth", "b.png", "a.png", "--category", "car"], folder, monkeypatch)
    assert config.images == (Path("b.png"), Path("a.png"))
    view = ["--category", "car", "--shapenet", __file__, "--id", "3"]
    assert config_of(["view-synth", *view], folder, monkeypatch).images == ()


def test_every_command_has_examples_that_its_parser_accepts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert set(EXAMPLES) == set(commands())
    for name, lines in EXAMPLES.items():
        assert len(lines) in (1, 2, 3)
        command = commands()[name]
        assert all(line in command.epilog for line in lines)
        for line in lines:
            assert len(line) < 79
            program, *words = shlex.split(line)
            assert [program, *words[: len(name.split())]] == ["gfla", *name.split()]
            words = words[len(name.split()) :]
            for word in (word for word in words if "." in word or word.endswith("/")):
                (tmp_path / word).mkdir() if word.endswith("/") and not Path(word).exists() else Path(word).touch()
            command.make_context(name, words)


@pytest.mark.parametrize("name", ["", "data", "weights", *commands()])
def test_help_shows_no_types_of_python(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    result = CliRunner().invoke(app, [*name.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage: gfla" in result.stdout or "Usage: root" in result.stdout
    assert not re.search(r"<(bool|str|int|float|file|path|directory|list|Path)\b", result.stdout)
