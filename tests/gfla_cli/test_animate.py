"""`gfla animate`: every option reaches the pipeline, and what it says reaches the user."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.animation import AnimateResult
from pipelines.configs import AnimateConfig
from tests.helpers.media_files import write_picture


class Pipeline:
    """Stands in for `pipelines.animation.animate`: keeps the config, makes progress, finishes at once."""

    config: AnimateConfig

    def __call__(self, config: AnimateConfig, progress) -> AnimateResult:
        self.config = config
        progress.stage("animate", 2)
        progress.note("keypoints: bundled network")
        progress.advance(2)
        return AnimateResult(
            config=config,
            frames=2,
            rate=25.0,
            size=(96, 96),
            canvas=(0, 0, 96, 96),
            missing_frames=0,
            detector="bundled",
            device="cpu",
            seconds={"generate": 0.5, "encode": 0.5},
        )


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    stand_in = Pipeline()
    monkeypatch.setattr("pipelines.animation.animate", stand_in)
    return stand_in


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[str, str]:
    return str(write_picture(tmp_path / "me.png")), str(write_picture(tmp_path / "dance.gif"))


def test_without_options_the_pipeline_gets_its_own_defaults(pipeline: Pipeline, inputs: tuple[str, str]) -> None:
    result = CliRunner().invoke(app, ["animate", *inputs])
    assert result.exit_code == 0, result.stderr
    assert pipeline.config == AnimateConfig(source=Path(inputs[0]), driving=Path(inputs[1]))
    assert result.stdout == "me--dance.mp4\n"
    assert "keypoints: bundled network" in result.stderr
    assert "2 frames in 1.0 s, 2.0 frames/s" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["-o", "out.webm"], "output", Path("out.webm")),
        (["--output", "frames/%05d.png"], "output", Path("frames/%05d.png")),
        (["--overwrite"], "overwrite", True),
        (["--device", "cuda:1"], "device", "cuda:1"),
        (["--precision", "bf16"], "precision", "bf16"),
        (["--weights", "mine.safetensors"], "weights", "mine.safetensors"),
        (["--motion", "keypoint"], "motion", "keypoint"),
        (["--seed", "7"], "seed", 7),
        (["--start", "1:30.5"], "start", Fraction(181, 2)),
        (["--end", "12"], "end", 12),
        (["--max-frames", "5"], "max_frames", 5),
        (["--fps", "30000/1001"], "fps", Fraction(30000, 1001)),
        (["--audio", "none"], "audio", "none"),
        (["--audio", __file__], "audio", __file__),
        (["--crf", "20"], "crf", 20),
        (["--codec", "hevc"], "codec", "hevc"),
        (["--retarget", "fit"], "retarget", "fit"),
        (["--on-missing", "hold"], "on_missing", "hold"),
        (["--frame", "crop"], "frame", "crop"),
        (["--compare"], "compare", True),
        (["--debug", "flow,mask"], "debug", ("flow", "mask")),
        (["--keypoints", "yolo"], "keypoints", "yolo"),
        (["--keypoints", __file__], "keypoints", __file__),
        (["--yolo-weights", __file__], "yolo_weights", Path(__file__)),
        (["--person", "2"], "person", "2"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_an_option_reaches_the_pipeline(
    arguments: list[str], name: str, value: object, pipeline: Pipeline, inputs: tuple[str, str]
) -> None:
    result = CliRunner().invoke(app, ["animate", *inputs, *arguments])
    assert result.exit_code == 0, result.stderr
    assert getattr(pipeline.config, name) == value
    plain = AnimateConfig(source=Path(inputs[0]), driving=Path(inputs[1]))
    assert {key for key in vars(plain) if getattr(plain, key) != getattr(pipeline.config, key)} == {name}


@pytest.mark.usefixtures("pipeline")
def test_json_is_one_object_and_nothing_else(inputs: tuple[str, str]) -> None:
    result = CliRunner().invoke(app, ["animate", *inputs, "--json", "--quiet"])
    report = json.loads(result.stdout)
    assert result.stderr == ""
    assert report["output"] == "me--dance.mp4"
    assert report["warnings"] == ["keypoints: bundled network"]
    assert len(report["inputs"]["source"]["sha256"]) == 64
    assert report["options"]["retarget"] == "body"
    assert report["versions"]["torch"]
    assert report["seconds"] == {"generate": 0.5, "encode": 0.5}


@pytest.mark.usefixtures("pipeline")
def test_the_debug_video_is_printed_too(inputs: tuple[str, str]) -> None:
    result = CliRunner().invoke(app, ["animate", *inputs, "--debug", "skeleton", "--quiet"])
    assert result.stdout.splitlines() == ["me--dance--debug.mp4", "me--dance.mp4"]
    assert result.stderr == ""
