"""Jobs as plain data, and how they are grouped."""

import json
import os
import pickle
from dataclasses import asdict
from pathlib import Path

from pipelines.batch.jobs import Group, Job, into_groups


def job(source: str, driving: str, **options: object) -> Job:
    given = {"source": f"/{source}.png", "driving": f"/{driving}.mp4", **options}
    return Job(f"{source}--{driving}", "animate", given, f"{source}--{driving}.mp4")


def test_a_job_and_its_group_are_json_and_pickle() -> None:
    one = job("a", "x", debug=["flow"], fps="30000/1001")
    assert Job(**json.loads(json.dumps(asdict(one)))) == one
    group = Group((one,), together=2, threads=3)
    assert pickle.loads(pickle.dumps(group)) == group


def test_the_second_video_of_debug_is_an_output_too() -> None:
    assert job("a", "x").outputs == ["a--x.mp4"]
    assert job("a", "x", debug=["flow"]).outputs == ["a--x.mp4", "a--x--debug.mp4"]


def test_the_first_input_is_the_source_and_objects_have_no_driving() -> None:
    assert (job("a", "x").source, job("a", "x").driving) == ("/a.png", "/x.mp4")
    pose = Job("p", "pose", {"source": "/a.png", "targets": ["/b.png", "/c.png"]}, "p")
    assert (pose.source, pose.driving, pose.inputs) == ("/a.png", "/b.png", ["/a.png", "/b.png", "/c.png"])
    view = Job("v", "view-synth", {"images": ["/car.png"], "category": "car"}, "v.mp4")
    assert (view.source, view.driving) == ("/car.png", None)


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


def test_groups_keep_clips_side_by_side_and_never_mix_networks() -> None:
    crossed = [job(source, driving) for source in "abc" for driving in "xy"]
    other = [job("d", "x", weights="mine")]
    groups = into_groups([*crossed, *other], size=4)
    names = [[each.name for each in group.jobs] for group in groups]
    assert names == [["a--x", "b--x", "c--x", "a--y"], ["b--y", "c--y"], ["d--x"]]
