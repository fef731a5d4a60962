"""Opening files: names that look like addresses, tags in any encoding, and every version of PyAV."""

import select
import socket
from fractions import Fraction
from pathlib import Path

import av
import pytest

from models.errors import InputError
from pipelines.media.audio import plan_audio
from pipelines.media.containers import open_media, to_fraction
from pipelines.media.sources import open_video
from pipelines.media.writer import open_output
from tests.helpers.videos import make_clip, make_shade, sound_codec

COLONS = ["take:2.mp4", "2024-05-01T12:30:05.mp4", "http:a.mp4", "concat:a|b.mp4", "file:a.mp4", "data:,.mp4", "%d.mp4"]


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clip with sound in the working directory, so that it can be named without a folder."""
    monkeypatch.chdir(tmp_path)
    return make_clip(Path("clip.mp4"), sound="aac")


@pytest.mark.parametrize("name", COLONS)
def test_a_colon_in_a_name_is_no_address(clip: Path, name: str):
    path = clip.rename(name)
    with open_video(path) as source:
        assert len(list(source)) == 10
        audio, _ = plan_audio("driving", source, Path("out.mp4"))
    assert audio == plan_audio(str(path), None, Path("out.mp4"))[0]
    out = Path(f"out {name}")
    with open_output(out, width=64, height=48, time_base=Fraction(1, 25), audio=audio) as video:
        for number in range(10):
            video.write(make_shade(number), number, 1)
    assert len(list(open_video(out))) == 10
    assert sound_codec(out.absolute()) == "aac"
    assert {path.name for path in Path().iterdir()} == {name, out.name}


def test_a_playlist_leads_to_no_address(tmp_path: Path):
    lines = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
    make_clip(tmp_path / "part.ts")
    (tmp_path / "here.m3u8").write_text(lines.format("part.ts"))
    assert len(list(open_video(tmp_path / "here.m3u8"))) == 10
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/part.ts"
        (tmp_path / "away.m3u8").write_text(lines.format(address))
        with pytest.raises(InputError):
            open_video(tmp_path / "away.m3u8")
        assert select.select([server], [], [], 0)[0] == []


def test_tags_that_are_not_utf8_do_no_harm(tmp_path: Path):
    path = make_clip(tmp_path / "clip.mkv")
    path.write_bytes(path.read_bytes().replace(b"Lavf", b"La\xe9f"))
    with open_media(path) as container:
        assert not container.metadata["ENCODER"].isascii()
    assert len(list(open_video(path))) == 10


def test_pyav_without_the_argument_for_tags(clip: Path, monkeypatch: pytest.MonkeyPatch):
    """PyAV 19 removed `metadata_errors`, and an unknown argument is a TypeError."""
    original = av.open

    def open_like_19(file, mode=None, format=None, options=None, container_options=None):
        return original(file, mode, format=format, options=options, container_options=container_options)

    monkeypatch.setattr(av, "open", open_like_19)
    with open_media(clip) as container:
        assert container.streams.video[0].frames == 10
    assert len(list(open_video(clip))) == 10


class RationalOf19:
    """What PyAV 19 returns for time bases and rates: false when not set, and no `Fraction`."""

    def __init__(self, numerator: int, denominator: int):
        self.numerator, self.denominator = numerator, denominator

    def __bool__(self) -> bool:
        return self.numerator != 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (RationalOf19(1001, 30000), Fraction(1001, 30000)),
        (RationalOf19(0, 1), None),
        (Fraction(1, 25), Fraction(1, 25)),
        (None, None),
    ],
)
def test_rationals_of_every_pyav(value, expected: Fraction | None):
    assert to_fraction(value) == expected
    assert expected is None or type(to_fraction(value)) is Fraction
