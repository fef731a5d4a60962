from fractions import Fraction
from pathlib import Path

import av
import pytest

from models.errors import InputError
from pipelines.media.audio import plan_audio
from pipelines.media.sources import open_video
from pipelines.media.writer import open_output
from tests.helpers.videos import find_beep, make_clip, make_sound, sound_codec, sound_end

BEEP = Fraction(3, 2)


def convert(clip: Path, output: Path, *, choice: str = "driving", **selection) -> list[str]:
    source = open_video(clip, **selection)
    plan, notes = plan_audio(choice, source, output)
    with open_output(
        output,
        width=source.info.width,
        height=source.info.height,
        time_base=source.info.time_base,
        rate=source.info.rate,
        audio=plan,
    ) as writer:
        for frame in source:
            writer.write(frame.image, frame.pts, frame.duration)
    return notes + writer.notes


@pytest.mark.parametrize(
    ("given", "sound", "output", "expected"),
    [
        ("in.mp4", "aac", "out.mp4", "aac"),
        ("in.mp4", "libmp3lame", "out.mp4", "mp3"),
        ("in.mp4", "libmp3lame", "out.mov", "mp3"),
        ("in.ts", "aac", "out.mp4", "aac"),
        ("in.mkv", "libopus", "out.mp4", "opus"),
        ("in.mkv", "libopus", "out.webm", "opus"),
        ("in.mp4", "aac", "out.webm", "opus"),
        ("in.mkv", "pcm_s16le", "out.mp4", "aac"),
        ("in.mov", "pcm_s16le", "out.mov", "pcm_s16le"),
        ("in.mkv", "flac", "out.mp4", "aac"),
    ],
)
@pytest.mark.parametrize("start", [None, Fraction(73, 100)])
def test_sound_stays_in_time(tmp_path: Path, given, sound, output, expected, start):
    clip = make_clip(tmp_path / given, frames=60, sound=sound, beep=BEEP)
    before = find_beep(clip) - float(open_video(clip).info.start)
    result = tmp_path / output
    assert convert(clip, result, start=start) == []
    assert sound_codec(result) == expected
    begin = Fraction(0) if start is None else Fraction(76, 100)
    assert find_beep(result) == pytest.approx(before - float(begin), abs=0.006)
    assert sound_end(result) == pytest.approx(2.4 - float(begin), abs=0.04)


def test_sound_is_cut_at_the_end(tmp_path: Path):
    clip = make_clip(tmp_path / "in.mp4", frames=50, sound="aac", beep=Fraction(1, 5))
    for name in ("out.mp4", "out.mov"):
        convert(clip, tmp_path / name, end=Fraction(1))
        with av.open(str(tmp_path / name)) as container:
            assert container.duration == pytest.approx(1_000_000, abs=1000)
    convert(clip, tmp_path / "out.webm", end=Fraction(1))
    assert sound_end(tmp_path / "out.webm") == pytest.approx(1, abs=0.025)


def test_no_packets_begin_before_the_first_webm_frame(tmp_path: Path):
    clip = make_clip(tmp_path / "in.mkv", frames=50, sound="libopus", time_base=Fraction(1, 1000))
    convert(clip, tmp_path / "out.webm", start=Fraction(1, 2))
    source = open_video(tmp_path / "out.webm")
    assert [frame.pts for frame in source][:2] == [0, 40]


def test_another_file_and_none(tmp_path: Path):
    clip = make_clip(tmp_path / "in.mp4", frames=30, sound="aac")
    tone = make_sound(tmp_path / "tone.wav", codec="pcm_s16le", seconds=Fraction(3), beep=Fraction(1, 2))
    convert(clip, tmp_path / "a.mp4", choice=str(tone), start=Fraction(2, 5))
    assert find_beep(tmp_path / "a.mp4") == pytest.approx(0.5, abs=0.004)
    assert sound_end(tmp_path / "a.mp4") == pytest.approx(0.8, abs=0.025)
    convert(clip, tmp_path / "b.mp4", choice="none")
    assert sound_codec(tmp_path / "b.mp4") is None


def test_sound_shorter_than_the_video(tmp_path: Path):
    clip = make_clip(tmp_path / "in.mp4", frames=50)
    tone = make_sound(tmp_path / "tone.mp3", codec="libmp3lame", seconds=Fraction(1, 2))
    assert convert(clip, tmp_path / "a.mp4", choice=str(tone)) == []
    assert open_video(tmp_path / "a.mp4").info.duration == 2
    assert sound_end(tmp_path / "a.mp4") < 0.7


@pytest.mark.parametrize("name", ["out.gif", "frames"])
def test_formats_without_sound_say_so(tmp_path: Path, name: str):
    clip = make_clip(tmp_path / "in.mp4", sound="aac")
    assert "can't contain sound" in convert(clip, tmp_path / name)[0]


def test_several_tracks(tmp_path: Path):
    clip = make_clip(tmp_path / "one.mp4", frames=20, sound="aac")
    with av.open(str(clip)) as given, av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [container.add_stream_from_template(given.streams[index]) for index in (0, 1, 1)]
        for packet in given.demux():
            if packet.dts is None:
                continue
            data, kind = bytes(packet), packet.stream.index
            for stream in streams[:1] if kind == 0 else streams[1:]:
                copy = av.Packet(data)
                copy.pts, copy.dts, copy.time_base, copy.duration = (
                    packet.pts,
                    packet.dts,
                    packet.time_base,
                    packet.duration,
                )
                copy.is_keyframe = packet.is_keyframe
                copy.stream = stream
                container.mux(copy)
    notes = convert(tmp_path / "two.mkv", tmp_path / "out.mp4")
    assert "several sound tracks" in notes[0]
    assert sound_codec(tmp_path / "out.mp4") == "aac"


@pytest.mark.parametrize("output", ["out.mp4", "out.webm"])
def test_damaged_sound_does_not_stop_the_work(tmp_path: Path, output: str):
    clip = make_clip(tmp_path / "in.mp4", frames=50, sound="aac", muxer={"movflags": "+faststart"})
    with av.open(str(clip)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    data = bytearray(clip.read_bytes())
    for position, size in packets[5:]:
        assert position is not None
        data[position : position + size] = b"\xff" * size
    clip.write_bytes(data)
    convert(clip, tmp_path / output)
    assert len(list(open_video(tmp_path / output))) == 50


@pytest.mark.parametrize(
    ("name", "words"), [("none.wav", "does not exist"), ("mute.mp4", "has no sound"), ("a.mp3", "sound")]
)
def test_unusable_sound_files(tmp_path: Path, name: str, words: str):
    clip = make_clip(tmp_path / "mute.mp4")
    (tmp_path / "a.mp3").write_text("not sound\n")
    with pytest.raises(InputError, match=words):
        plan_audio(str(tmp_path / name), open_video(clip), tmp_path / "out.mp4")
