"""What players need of encoded videos, and pictures that encoders or players can't take."""

from pathlib import Path

import av
import pytest

from models.errors import BackendUnavailable, InputError, ProcessingError
from pipelines.media import encoders, formats
from pipelines.media.audio import AudioPlan
from pipelines.media.encoders import choose_threads
from pipelines.media.formats import choose_codec, describe_excess, find_encoder_problem
from pipelines.media.sources import open_video
from pipelines.media.writer import check_video_output, open_output
from tests.helpers.videos import TICKS, make_clip, make_shade, read_shade


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.m4v"])
def test_hevc_has_the_tag_that_apple_players_need(tmp_path: Path, name: str) -> None:
    with open_output(tmp_path / name, width=64, height=48, time_base=TICKS, codec="hevc") as writer:
        for number in range(5):
            writer.write(make_shade(number), number * 512)
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
    assert len(list(open_video(tmp_path / name))) == 5


@pytest.mark.parametrize(
    ("name", "codec", "written"),
    [
        ("out.mkv", None, ["h264", "aac"]),
        ("out.mkv", "vp9", ["vp9", "aac"]),
        ("out.mkv", "av1", ["av1", "aac"]),
        ("out.mp4", "av1", ["av1", "aac"]),
        ("out.webm", "av1", ["av1", "opus"]),
    ],
)
def test_matroska_and_av1_give_the_frames_back(
    name: str, codec: str | None, written: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sound = AudioPlan(make_clip(tmp_path / "sound.mp4", frames=8, sound="aac"))
    with open_output(tmp_path / name, width=64, height=64, time_base=TICKS, codec=codec, audio=sound) as writer:
        for number in range(8):
            writer.write(make_shade(number, 64, 64), number * 512)
    with av.open(str(tmp_path / name)) as container:
        names = [stream.codec_context.codec.canonical_name for stream in container.streams]
        frames = list(container.decode(video=0))
    assert names == written
    assert [read_shade(frame.to_ndarray(format="rgb24")) for frame in frames] == list(range(8))
    assert [frame.time for frame in frames] == pytest.approx([number / 25 for number in range(8)], abs=0.001)
    assert capfd.readouterr().err == ""  # SVT-AV1 likes to print


@pytest.mark.parametrize(
    ("name", "codec", "instead"),
    [
        ("out.mp4", "h264_nvenc", "h264"),
        ("out.mov", "hevc_nvenc", "hevc"),
        ("out.mp4", "av1_nvenc", "av1"),
        ("out.webm", "av1_nvenc", "av1"),
    ],
)
def test_an_encoder_on_a_gpu_that_is_not_there_is_refused_with_a_way_out(
    tmp_path: Path, name: str, codec: str, instead: str
) -> None:
    if codec not in av.codecs_available or find_encoder_problem(codec) is None:
        pytest.skip("this PyAV has no such encoder, or it can be used here")
    with pytest.raises(BackendUnavailable, match=f"codec '{codec}' needs .* GPU .* use --codec {instead}, which"):
        check_video_output(tmp_path / name, codec=codec)


@pytest.mark.gpu
@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc", "av1_nvenc"])
def test_gpus_encode_every_frame(tmp_path: Path, codec: str) -> None:
    if codec not in av.codecs_available or find_encoder_problem(codec):
        pytest.skip("no GPU here encodes so")
    path = tmp_path / "out.mp4"
    with open_output(path, width=256, height=192, time_base=TICKS, codec=codec, crf=12) as writer:
        for number in range(9):
            writer.write(make_shade(number, 192, 256), number * 512)
    assert len(list(open_video(path))) == 9


def test_quality_of_an_encoder_on_a_gpu_is_its_own_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_encoder_problem", lambda encoder: None)
    monkeypatch.setattr(av, "codecs_available", {"h264_nvenc"})
    chosen = choose_codec(formats.MP4, codec="h264_nvenc", crf=23)
    assert (chosen.options["cq"], chosen.options["rc"], "crf" in chosen.options) == ("23", "vbr", False)
    with pytest.raises(InputError, match=r"0 .* to 51"):
        choose_codec(formats.MP4, codec="h264_nvenc", crf=52)


@pytest.mark.parametrize(("width", "height", "excess"), [(8064, 4416, False), (8064, 6048, True), (16386, 64, True)])
def test_pictures_beyond_every_level_get_a_note(width: int, height: int, excess: bool) -> None:
    assert (describe_excess(width, height) is not None) == excess


def test_the_note_comes_before_the_first_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.media.formats.MAX_PIXELS", 64 * 48 - 1)
    with open_output(tmp_path / "out.mp4", width=64, height=48, time_base=TICKS) as writer:
        assert "64x48 is beyond every level" in writer.notes[0]
        writer.write(make_shade(0), 0)


def test_a_side_that_no_encoder_takes_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with (
        pytest.raises(ProcessingError, match=r"can't encode 16386x16 .* numbered pictures"),
        open_output(tmp_path / "out.mp4", width=16386, height=16, time_base=TICKS),
    ):
        pass


def test_x264_gets_threads_for_several_frames_where_there_are_many_cores() -> None:
    assert [choose_threads("libx264", cores) for cores in (1, 2, 7, 8, 16, 64)] == [0, 0, 0, 4, 8, 8]
    assert choose_threads("libvpx-vp9", 16) == 0  # FFmpeg's own number


def test_several_frames_at_once_are_whole_and_the_same_bytes_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "count_cores", lambda: 16)
    found = set()
    for attempt in range(3):
        path = tmp_path / f"{attempt}.mp4"
        with open_output(path, width=192, height=320, time_base=TICKS) as writer:
            for number in range(60):
                writer.write(make_shade(number, 320, 192), number * 512)
        found.add(path.read_bytes())
        assert [frame.pts for frame in open_video(path)] == [number * 512 for number in range(60)]
        with av.open(str(path)) as container:
            slices = {_count_slices(bytes(packet)) for packet in container.demux(video=0) if packet.size}
        assert slices == {1}  # threads that work on one frame make slices
    assert len(found) == 1


def _count_slices(packet: bytes) -> int:
    """Slices of a frame of H.264, in the form that MP4 stores: units, each after its length of 4 bytes."""
    count = place = 0
    while place < len(packet):
        count += packet[place + 4] & 31 in (1, 5)  # types of units that are slices
        place += 4 + int.from_bytes(packet[place : place + 4])
    return count
