"""No output ever replaces a file that the run reads, whichever option names it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from pipelines import AnimateConfig, FaceConfig, PoseConfig, ViewSynthConfig, animate, animate_face, transfer_pose
from pipelines.configs import KeypointsConfig
from pipelines.keypoint_extraction import extract_keypoints
from pipelines.view_synthesis import synthesize_views

FILES = ("a.png", "b.png", "walk.mp4", "song.mp4", "track.json", "net.mov", "frames/1.png", "frames/2.png")
CASES: dict[str, tuple[Callable[[Any], object], Callable[..., Any], tuple[Any, ...], dict[str, str], str]] = {
    "driving": (animate, AnimateConfig, ("a.png", "walk.mp4"), {}, "walk.mp4"),
    "sound": (animate, AnimateConfig, ("a.png", "walk.mp4"), {"audio": "song.mp4"}, "song.mp4"),
    "weights": (animate, AnimateConfig, ("a.png", "walk.mp4"), {"weights": "net.mov"}, "net.mov"),
    "YOLO": (animate, AnimateConfig, ("a.png", "walk.mp4"), {"yolo_weights": "net.mov"}, "net.mov"),
    "pattern": (animate, AnimateConfig, ("a.png", "frames"), {}, "frames/%d.png"),
    "sound of a face": (animate_face, FaceConfig, ("a.png", "walk.mp4"), {"audio": "song.mp4"}, "song.mp4"),
    "second target": (transfer_pose, PoseConfig, ("a.png", ("walk.mp4", "b.png")), {}, "b.png"),
    "picture of a target": (transfer_pose, PoseConfig, ("a.png", ("frames",)), {}, "frames/%d.png"),
    "one picture of a target": (transfer_pose, PoseConfig, ("a.png", ("frames/1.png",)), {}, "frames/1.png"),
    "track": (extract_keypoints, KeypointsConfig, ("track.json", "track.json"), {}, "track.json"),
    "viewpoint": (synthesize_views, ViewSynthConfig, (("a.png",), "car"), {"viewpoint": "net.mov"}, "net.mov"),
    "true views": (synthesize_views, ViewSynthConfig, (("a.png",), "car"), {"compare": "frames"}, "frames/%d.png"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_output_that_is_read_is_refused(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run, make_config, inputs, options, output = CASES[case]
    Path("frames").mkdir()
    for name in FILES:
        Path(name).write_bytes(name.encode())
    Image.new("RGB", (8, 8)).save("b.png")
    before = {name: Path(name).read_bytes() for name in FILES}
    values = {name: Path(value) if name in ("yolo_weights", "compare") else value for name, value in options.items()}
    places = [tuple(map(_path, value)) if isinstance(value, tuple) else _path(value) for value in inputs]
    named = {} if make_config is KeypointsConfig else {"output": Path(output)}
    with pytest.raises(InputError, match=r"output .* is also an input"):
        run(make_config(*places, **named, **values, overwrite=True))
    assert {name: Path(name).read_bytes() for name in FILES} == before


def _path(value: str) -> Path | str:
    return value if value == "car" else Path(value)
