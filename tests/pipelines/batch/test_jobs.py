"""Jobs as plain data, their keys, their groups, and their configs."""

import json
import os
import pickle
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.jobs import CONFIGS, Group, Job, config_of, group_jobs
from pipelines.configs import AnimateConfig, EvaluateConfig, FaceConfig, PoseConfig, ViewSynthConfig
from pipelines.runtime.config_values import config_from_json

OUT = Path("/nowhere/out")


def animate_job(source: str, driving: str, **options: object) -> Job:
    inputs = {"source": f"/{source}.png", "driving": f"/{driving}.mp4"}
    return Job(f"{source}--{driving}", "animate", {**inputs, **options}, f"{source}--{driving}.mp4")


def test_a_job_and_its_group_are_json_and_pickle() -> None:
    job = animate_job("a", "x", debug=["flow"], fps="30000/1001")
    assert Job(**json.loads(json.dumps(asdict(job)))) == job
    group = Group((job,), together=2, threads=3)
    assert pickle.loads(pickle.dumps(group)) == group


def test_the_second_video_of_debug_is_an_output_too() -> None:
    assert animate_job("a", "x").outputs == ["a--x.mp4"]
    assert animate_job("a", "x", debug=["flow"]).outputs == ["a--x.mp4", "a--x--debug.mp4"]
    deep = Job("d", "animate", {"source": "/a.png", "driving": "/x.mp4", "debug": ["flow"]}, "in/d.tar.webm")
    assert deep.outputs == ["in/d.tar.webm", "in/d.tar--debug.webm"]


def test_the_first_input_is_the_source_and_objects_have_no_driving() -> None:
    assert (animate_job("a", "x").source, animate_job("a", "x").driving) == ("/a.png", "/x.mp4")
    pose = Job("p", "pose", {"source": "/a.png", "targets": ["/b.png", "/c.png"]}, "p")
    assert (pose.source, pose.driving, pose.inputs) == ("/a.png", "/b.png", ["/a.png", "/b.png", "/c.png"])
    view = Job("v", "view-synth", {"images": ["/car.png"], "category": "car"}, "v.mp4")
    assert (view.source, view.driving) == ("/car.png", None)


# Keys are in the journals of old batches: if one changes here, every old batch runs again from the start.
KNOWN_KEYS = [
    (
        "animate",
        {
            "source": "/nowhere/ann.png",
            "driving": "/nowhere/dance.mp4",
            "weights": "person",
            "keypoints": "auto",
            "device": "auto",
            "precision": "auto",
            "seed": 0,
        },
        "800f67b40e287feb21a7d961c3b2bcdf33cf3eb2597211a6e64cf9cdc347c148",
    ),
    (
        "animate",
        {
            "source": "/nowhere/ann.png",
            "driving": "/nowhere/dance.mp4",
            "start": "1/2",
            "fps": "30000/1001",
            "max_frames": 40,
            "debug": ["flow", "mask"],
            "compare": True,
            "audio": "/nowhere/song.mp3",
        },
        "1d14f17f704d6d28d75f923ac4553476c0da605ee7ffd7727a723b48335a35ba",
    ),
    (
        "pose",
        {"source": "/nowhere/ann.png", "targets": ["/nowhere/pose.json"], "frame": "crop"},
        "b65fa4f1cc1a9acd5d9dec0eaa01b665aa9b66d029479b9846d3ad8fbf5b46c4",
    ),
    (
        "view-synth",
        {"images": ["/nowhere/car.png"], "category": "car", "azimuth": 40.0, "angles": [0.0, 30.0]},
        "cf10eb68c78dd898d3567037ebc28d2880507831929997b8e6847789859ef379",
    ),
]


@pytest.mark.parametrize(("command", "options", "key"), KNOWN_KEYS)
def test_keys_are_those_of_old_journals(command: str, options: dict, key: str) -> None:
    assert Job("any name", command, options, "any.output").key == key


def test_another_option_or_another_file_is_another_job(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"one")

    def key(**options: object) -> str:
        return Job("a", "animate", {"source": str(picture), "driving": "/x.mp4", **options}, "a.mp4").key

    assert key() == key()
    assert key(crf=20) != key()
    before = key()
    os.utime(picture, ns=(0, 0))
    touched = key()
    picture.write_bytes(b"longer")
    assert len({before, touched, key()}) == 3


def test_a_frame_that_changes_in_a_driving_folder_changes_the_key(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"1")
    before = Job("a", "animate", {"source": "/a.png", "driving": str(tmp_path)}, "a.mp4").key
    (tmp_path / "1.png").write_bytes(b"22")
    assert Job("a", "animate", {"source": "/a.png", "driving": str(tmp_path)}, "a.mp4").key != before


def test_groups_keep_driving_videos_together_and_never_mix_networks() -> None:
    crossed = [animate_job(source, driving) for source in "abc" for driving in "xy"]
    other = [animate_job("d", "x", weights="mine")]
    groups = group_jobs([*crossed, *other], size=4)
    names = [[job.name for job in group.jobs] for group in groups]
    assert names == [["a--x", "b--x", "c--x", "a--y"], ["b--y", "c--y"], ["d--x"]]


def test_a_face_job_has_its_landmarks_by_name_or_by_folder() -> None:
    inputs = {"source": "/a.png", "driving": "/x.mp4"}
    named = Job("f", "face", {**inputs, "landmarks": "bundled"}, "f.mp4")
    assert config_of(named, OUT) == FaceConfig(
        Path("/a.png"), Path("/x.mp4"), landmarks="bundled", output=OUT / "f.mp4", overwrite=True
    )
    listed = config_of(Job("f", "face", {**inputs, "landmarks": "/marks"}, "f.mp4"), OUT)
    assert isinstance(listed, FaceConfig)
    assert listed.landmarks == Path("/marks")
    assert (named.source, named.driving) == ("/a.png", "/x.mp4")


def test_options_become_the_config_of_the_command() -> None:
    options = {
        "fps": "30000/1001",
        "start": "1/2",
        "debug": ["flow", "mask"],
        "yolo_weights": "/w.pt",
        "crf": 20,
        "compare": True,
        "audio": "/song.mp3",
    }
    config = config_of(animate_job("a", "x", **options), OUT)
    assert config == AnimateConfig(
        Path("/a.png"),
        Path("/x.mp4"),
        fps=Fraction(30000, 1001),
        start=Fraction(1, 2),
        debug=("flow", "mask"),
        yolo_weights=Path("/w.pt"),
        crf=20,
        compare=True,
        audio="/song.mp3",
        output=OUT / "a--x.mp4",
        overwrite=True,
    )
    assert isinstance(vars(config)["start"], Fraction)
    pose = config_of(Job("p", "pose", {"source": "/a.png", "targets": ["/b.png", "/c"]}, "in/p"), OUT)
    targets = (Path("/b.png"), Path("/c"))
    assert pose == PoseConfig(Path("/a.png"), targets, output=OUT / "in/p", overwrite=True)
    view = config_of(Job("v", "view-synth", {"images": ["/c.png"], "category": "car", "angles": [0.0]}, "v"), OUT)
    assert view == ViewSynthConfig((Path("/c.png"),), "car", angles=(0.0,), output=OUT / "v", overwrite=True)


def test_a_view_of_a_shapenet_file_needs_no_pictures() -> None:
    job = Job("v", "view-synth", {"shapenet": "/cars.h5", "id": "c/0", "category": "car"}, "v.mp4")
    config = config_of(job, OUT)
    assert isinstance(config, ViewSynthConfig)
    assert (config.images, config.inputs) == ((), (Path("/cars.h5"),))


def test_json_becomes_the_types_of_the_fields() -> None:
    given = {"generated": "/a", "reference": "/b", "metrics": ["fid", "ssim"], "resize": [64, 48], "crop": None}
    config = config_from_json(EvaluateConfig, given, fetch=True)
    assert config == EvaluateConfig(Path("/a"), Path("/b"), metrics=("fid", "ssim"), resize=(64, 48), fetch=True)
    assert isinstance(config.generated, Path)


@pytest.mark.parametrize("name", ["speed", "panel", "target", "_"])  # `_` separates keyword-only fields: not a field
@pytest.mark.parametrize("command", CONFIGS)
def test_an_unknown_option_is_refused_by_name(command: str, name: str) -> None:
    with pytest.raises(InputError, match=f"Config has no field '{name}'; it has .*weights"):
        config_of(Job("a", command, {name: "x"}, "a"), OUT)
