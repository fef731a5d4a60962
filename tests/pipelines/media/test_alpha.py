"""Outputs with an alpha channel, read again as another program would."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import CodecContext
from PIL import Image

from models.errors import InputError
from pipelines.media.audio import AudioPlan
from pipelines.media.pixels import blend_on_white
from pipelines.media.sources import open_video
from pipelines.media.stills import check_stills, write_stills
from pipelines.media.writer import check_video_output, open_output
from tests.helpers.videos import find_beep, make_sound

COLOUR = np.array((40, 170, 90))
TIME = Fraction(1, 25)


def make_person(number: int, height: int = 96, width: int = 128) -> np.ndarray:
    """RGBA of something soft and coloured that moves."""
    y, x = np.indices((height, width))
    alpha = np.clip((30 - np.hypot(x - 40 - 4 * number, y - 48)) / 5 + 0.5, 0, 1)
    colours = (150 + 60 * np.sin(x / 12), 110 + 50 * np.cos(y / 9), np.full(x.shape, 90))
    return np.rint(np.dstack([*colours, alpha * 255])).astype(np.uint8)


def over_colour(image: np.ndarray) -> np.ndarray:
    alpha = image[..., 3:] / 255
    return image[..., :3] * alpha + COLOUR * (1 - alpha)


def write(path: Path, count: int = 4, audio: AudioPlan | None = None, **options) -> Path:
    shape = {"width": 128, "height": 96, "time_base": TIME, "rate": 1 / TIME, "threads": 1}
    with open_output(path, transparent=True, audio=audio, **shape, **options) as writer:
        for number in range(count):
            writer.write(make_person(number), number)
    return path


def read(path: Path) -> list[np.ndarray]:
    """RGBA frames of a video; FFmpeg's own VP9 decoder leaves alpha out, so it is libvpx that decodes."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        name = stream.codec_context.name
        decoder = CodecContext.create("libvpx-vp9", "r") if "vp9" in name else stream.codec_context
        packets = list(container.demux(stream))
        return [frame.to_ndarray(format="rgba") for packet in packets for frame in decoder.decode(packet)]


@pytest.mark.parametrize(
    ("name", "options", "largest", "mean"),
    [
        ("out.mov", {}, 2, 0.1),
        ("out.mov", {"codec": "prores"}, 2, 0.1),
        ("out.webm", {}, 10, 0.6),
        ("out.webm", {"crf": 4}, 9, 0.5),
    ],
)
def test_a_video_over_a_colour_is_what_was_written(
    name: str, options: dict, largest: float, mean: float, tmp_path: Path
) -> None:
    frames = read(write(tmp_path / name, **options))
    assert len(frames) == 4
    errors = [np.abs(over_colour(frame) - over_colour(make_person(n))) for n, frame in enumerate(frames)]
    assert np.max(errors) <= largest
    assert np.mean(errors) <= mean


@pytest.mark.parametrize("name", ["frames", "%03d.png"])
def test_numbered_pictures_are_exact(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    found = sorted(tmp_path.rglob("*.png"))
    assert all((np.asarray(Image.open(path)) == make_person(n)).all() for n, path in enumerate(found))
    assert len(found) == 4


@pytest.mark.parametrize("name", ["out.png", "out.webp"])
def test_stills_keep_alpha_and_hidden_colours(name: str, tmp_path: Path) -> None:
    check_stills(tmp_path / name, count=1, overwrite=False, transparent=True)
    write_stills(tmp_path / name, [make_person(0)], overwrite=False)
    found = np.asarray(Image.open(tmp_path / name)).astype(int)
    assert (found[..., 3] == make_person(0)[..., 3]).all()
    assert np.abs(found - make_person(0)).mean() < 3


@pytest.mark.parametrize("name", ["out.mov", "out.webm"])
def test_sound_is_kept(name: str, tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "beep.wav", codec="pcm_s16le", beep=Fraction(1, 5))
    write(tmp_path / name, count=20, audio=AudioPlan(sound))
    assert abs(find_beep(tmp_path / name) - 0.2) < 0.05


def test_the_same_frames_are_the_same_bytes(tmp_path: Path) -> None:
    for suffix in (".mov", ".webm"):
        assert len({write(tmp_path / f"{n}{suffix}").read_bytes() for n in range(3)}) == 1


def test_large_frames_have_no_damaged_pixels(tmp_path: Path) -> None:
    """They are large enough for several threads to convert them."""
    nothing = np.zeros((922, 616, 4), np.uint8)
    with open_output(tmp_path / "out.mov", width=616, height=922, time_base=TIME, transparent=True) as writer:
        for number in range(24):
            nothing[..., :3] = 10 * number
            writer.write(nothing, number)
    assert max(frame[..., 3].max() for frame in read(tmp_path / "out.mov")) == 0


def test_webm_says_that_it_has_alpha(tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / "out.webm"))) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("out.mp4", {}, r"out\.mp4 can't be transparent: use \.mov, \.webm, a folder, or %05d\.png"),
        ("out.m4v", {}, r"can't be transparent: use \.mov"),
        ("out.gif", {}, r"can't be transparent: use \.mov"),
        ("out.mov", {"codec": "h264"}, r"'h264' can't be stored as transparent video in mov: use prores"),
        ("out.webm", {"codec": "prores"}, r"'prores' can't be stored as transparent video in webm: use vp9"),
        ("out.mov", {"crf": 18}, r"crf 18: the quality of prores is fixed; leave --crf out"),
        ("out.webm", {"crf": 64}, r"out of range for vp9"),
        ("frames", {"crf": 20}, "apply to"),
    ],
)
def test_what_can_not_be_transparent_is_refused(name: str, options: dict, line: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=line):
        check_video_output(tmp_path / name, transparent=True, **options)


def test_a_jpeg_can_not_be_transparent(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"out\.jpg can't be transparent: use \.png, \.webp, a folder, or %05d\.png"):
        check_stills(tmp_path / "out.jpg", count=1, overwrite=False, transparent=True)


@pytest.mark.parametrize("name", ["out.mov", "out.webm", "frames"])
def test_we_read_our_own_outputs_on_white(name: str, tmp_path: Path) -> None:
    with open_video(write(tmp_path / name)) as video:
        frames = list(video)
    assert len(frames) == 4
    for number, frame in enumerate(frames):
        assert np.abs(frame.image - blend_on_white(make_person(number)).astype(int)).max() <= 12


def test_a_part_of_a_transparent_webm_is_read(tmp_path: Path) -> None:
    write(tmp_path / "out.webm", count=60)
    with open_video(tmp_path / "out.webm", start=2) as video:
        first = next(iter(video))
    assert first.pts * video.info.time_base == 2
    assert np.abs(first.image - blend_on_white(make_person(50)).astype(int)).max() <= 12
