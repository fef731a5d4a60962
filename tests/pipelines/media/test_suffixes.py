"""The table of suffixes says what is read: the libraries know every one, and folders of a batch use it."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from models.errors import InputError
from pipelines.batch.planning import expand_pairs
from pipelines.media.pictures import FORMATS, load_picture
from pipelines.media.sources import open_video
from pipelines.media.suffixes import DRIVING_SUFFIXES, PICTURE_SUFFIXES, VIDEO_SUFFIXES
from tests.helpers.videos import make_clip, make_shade, read_shade

TICK = Fraction(1, 25)
HEIF = {".heic", ".heif"}  # Pillow knows them once pillow-heif is installed
UNLISTED = {".divx", ".m4v", ".qt", ".vob", ".mts", ".m2ts", ".m2t", ".mpe", ".m1v", ".ogm", ".asf", ".hevc", ".f4v"}
"""FFmpeg recognises these by their content and names no suffix for them."""


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES - HEIF))
def test_pillow_reads_every_picture_suffix(suffix: str):
    Image.init()
    assert Image.EXTENSION[suffix] in FORMATS


def test_ffmpeg_reads_every_video_suffix():
    known = {f".{name}" for each in av.formats_available for name in av.ContainerFormat(each).extensions}
    assert VIDEO_SUFFIXES - known <= UNLISTED


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".tga", ".jp2", ".pgm", ".dib"])
def test_batch_folders_take_what_animate_reads(tmp_path: Path, suffix: str):
    Image.fromarray(make_shade(3)).convert("L").save(tmp_path / f"picture{suffix}")
    (tmp_path / "clip.mp4").touch()
    (request,) = expand_pairs("animate", str(tmp_path), str(tmp_path / "clip.mp4"), {}, tmp_path / "out")
    assert read_shade(load_picture(request.values["source"])) == 3


@pytest.mark.parametrize("suffix", sorted(DRIVING_SUFFIXES))
def test_batch_folders_take_every_kind_of_driving(tmp_path: Path, suffix: str):
    for name in ("picture.png", f"drivings/clip{suffix.upper()}"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (request,) = expand_pairs(
        "animate", str(tmp_path / "picture.png"), str(tmp_path / "drivings"), {}, tmp_path / "out"
    )
    assert request.values["driving"].lower().endswith(f"clip{suffix}")


def test_pictures_after_one_another_are_a_video(tmp_path: Path):
    made = make_clip(tmp_path / "clip.avi", codec="mjpeg", pix_fmt="yuvj420p", time_base=TICK)
    with av.open(str(made)) as container:
        data = b"".join(bytes(packet) for packet in container.demux(video=0))
    for suffix in (".mjpeg", ".MJPG"):
        path = tmp_path / f"clip{suffix}"
        path.write_bytes(data)
        assert [read_shade(frame.image) for frame in open_video(path)] == list(range(10))


@pytest.mark.parametrize("name", ["photo.heic", "photo"])
def test_a_heic_picture_names_the_way_out(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.media.pictures.find_spec", lambda name: None)
    (tmp_path / name).write_bytes(b"\0\0\0\x1cftypheic" + bytes(100))
    for read in (load_picture, open_video):
        with pytest.raises(InputError, match="HEIC picture: save it as JPEG, or `pip install pillow-heif`"):
            read(tmp_path / name)
