from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from models.errors import InputError
from pipelines.media.audio import plan_audio
from pipelines.media.sources import open_video
from pipelines.media.writer import open_output
from tests.helpers.videos import TICKS, add_sound, encode_beep, find_beep, make_clip, make_sound, sound_codec, sound_end


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


# Which sound is copied; all other is re-encoded.
EXPECTED = {
    "out.mp4": ({"aac", "mp3", "ac3", "opus", "alac"}, "aac"),
    "out.mov": ({"aac", "mp3", "ac3", "alac", "pcm_s16le"}, "aac"),
    "out.webm": ({"opus"}, "opus"),
}


def assert_onset(result: Path, seconds: float, given: str | None) -> None:
    """The sound begins when it should, and was copied if the container takes its codec."""
    copied, encoded = EXPECTED[result.name]
    assert sound_codec(result) == (given if given in copied else encoded)
    assert find_beep(result) - float(open_video(result).info.start) == pytest.approx(seconds, abs=0.005)


@pytest.mark.parametrize(
    ("begin", "sound_begin", "start"),
    [(Fraction(3), Fraction(31, 10), None), (Fraction(1, 2), Fraction(1, 5), None), (Fraction(0), Fraction(0), 0.13)],
    ids=["sound begins later", "sound begins earlier", "cut"],
)
@pytest.mark.parametrize(
    ("given", "sound"),
    [
        ("in.mp4", "aac"),
        ("in.mp4", "libmp3lame"),
        ("in.mp4", "ac3"),
        ("in.mov", "alac"),
        ("in.mov", "pcm_s16le"),
        ("in.mkv", "libopus"),
        ("in.mkv", "pcm_s16le"),
        ("in.mkv", "flac"),
        ("in.ts", "aac"),
        ("in.ts", "mp2"),
        ("in.ts", "libmp3lame"),
        ("in.webm", "libopus"),
    ],
)
def test_sound_of_the_driving_video_stays_in_time(tmp_path: Path, given, sound, begin, sound_begin, start) -> None:
    video = {"in.webm": "libvpx", "in.ts": "mpeg2video"}.get(given, "libx264")
    times = {"begin": begin, "sound_begin": sound_begin, "beep": Fraction(2, 5)}
    ticks = Fraction(1, 25) if given == "in.ts" else TICKS
    clip = make_clip(tmp_path / given, frames=15, codec=video, sound=sound, time_base=ticks, **times)
    expected = find_beep(clip) - float(open_video(clip, start=start).info.start)
    for output in EXPECTED:
        assert convert(clip, tmp_path / output, start=start) == []
        assert_onset(tmp_path / output, expected, sound_codec(clip))


@pytest.mark.parametrize("sound", ["aac", "mp2"])
def test_sound_of_joined_recordings_stays_in_time(tmp_path: Path, sound: str) -> None:
    """Sound and pictures of a part are not of the same length, so each join would add to the error."""
    part = make_clip(tmp_path / "part.ts", frames=20, sound=sound, beep=Fraction(1, 2))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(part.read_bytes() * 4)
    source = open_video(joined, start=Fraction(5, 2))  # in the last part, which begins at 2.4 s
    expected = find_beep(part) + 2.4 - float(source.info.start)
    for output in ("out.mp4", "out.webm"):
        convert(joined, tmp_path / output, start=Fraction(5, 2))
        assert_onset(tmp_path / output, expected, sound_codec(part))


def test_the_ticks_of_an_avi_are_as_long_as_its_packets(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.avi", frames=15, sound="libmp3lame", time_base=Fraction(1, 25), beep=Fraction(2, 5))
    assert convert(clip, tmp_path / "out.mp4") == []
    assert_onset(tmp_path / "out.mp4", find_beep(clip) - float(open_video(clip).info.start), "mp3")


@pytest.mark.parametrize(
    ("given", "codec"),
    [
        ("in.wav", "pcm_s16le"),
        ("in.mp3", "libmp3lame"),
        ("in.ogg", "libopus"),
        ("in.ogg", "flac"),
        ("in.flac", "flac"),
        ("in.m4a", "aac"),
        ("in.m4a", "alac"),
        ("in.mka", "libmp3lame"),
    ],
)
@pytest.mark.parametrize("start", [None, 0.13])
def test_a_file_with_sound_begins_with_the_first_frame(tmp_path: Path, given: str, codec: str, start) -> None:
    clip = make_clip(tmp_path / "mute.mp4", frames=15)
    sound = make_sound(tmp_path / given, codec=codec, seconds=Fraction(4, 5), beep=Fraction(3, 10))
    for output in EXPECTED:
        assert convert(clip, tmp_path / output, choice=str(sound), start=start) == []
        assert_onset(tmp_path / output, 0.3, sound_codec(sound))


def test_the_sample_format_is_what_the_decoder_says(tmp_path: Path) -> None:
    """FFmpeg's header of MP2 in MPEG-TS says s16p, its decoder makes fltp."""
    clip = make_clip(tmp_path / "in.ts", frames=50, codec="mpeg2video", sound="mp2", time_base=Fraction(1, 25))
    assert convert(clip, tmp_path / "out.webm") == []
    assert sound_end(tmp_path / "out.webm") == pytest.approx(2, abs=0.05)


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


def test_a_part_without_sound_is_said(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mkv", frames=20, sound="aac", sound_begin=Fraction(5))
    (note,) = convert(clip, tmp_path / "out.mp4", end=Fraction(1, 2))
    assert "no sound at this part" in note


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


@pytest.mark.parametrize(
    ("default", "expected", "reason"),
    [
        (0, "aac", "number 1 is used, the default"),
        (1, "mp3", "number 2 is used, the default"),
        (None, "aac", "none is"),
    ],
)
def test_of_several_tracks_the_default_one_is_used(tmp_path: Path, default, expected: str, reason: str) -> None:
    clip = tmp_path / "in.mkv"
    with av.open(str(make_clip(tmp_path / "mute.mp4", frames=20))) as mute, av.open(str(clip), "w") as container:
        video = container.add_stream_from_template(mute.streams.video[0])
        tracks = [add_sound(container, codec) for codec in ("aac", "libmp3lame")]
        for number, track in enumerate(tracks):
            track.disposition = Disposition.default if number == default else Disposition(0)
        for track in tracks:
            container.mux(encode_beep(track, Fraction(4, 5), Fraction(0)))
        for packet in mute.demux():
            if packet.dts is not None:
                packet.stream = video
                container.mux(packet)
    (note,) = convert(clip, tmp_path / "out.mp4")
    assert "has 2 sound tracks" in note
    assert reason in note
    assert sound_codec(tmp_path / "out.mp4") == expected


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
    assert any("sound" in note for note in convert(clip, tmp_path / output)) == (output == "out.webm")
    assert len(list(open_video(tmp_path / output))) == 50


@pytest.mark.parametrize(
    ("name", "words"), [("none.wav", "does not exist"), ("mute.mp4", "has no sound"), ("a.mp3", "sound")]
)
def test_unusable_sound_files(tmp_path: Path, name: str, words: str):
    clip = make_clip(tmp_path / "mute.mp4")
    (tmp_path / "a.mp3").write_text("not sound\n")
    with pytest.raises(InputError, match=words):
        plan_audio(str(tmp_path / name), open_video(clip), tmp_path / "out.mp4")
