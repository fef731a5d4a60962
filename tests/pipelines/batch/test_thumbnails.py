"""Thumbnails are middle frames, small, and made once."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.batch.thumbnails import MAX_BYTES, MAX_SIDE, make_thumbnail, make_thumbnails
from tests.helpers.batch_reports import HOSTILE, make_report_row, write_brightening_clip, write_results


def decode(data: bytes) -> np.ndarray:
    """uint8 [H, W, 3]."""
    return np.asarray(Image.open(io.BytesIO(data)))


def test_a_thumbnail_is_the_middle_frame(tmp_path: Path) -> None:
    clips = [write_brightening_clip(tmp_path / f"{frames}.mp4", frames=frames) for frames in (10, 100)]
    dark, bright = (decode(make_thumbnail(clip)).mean() for clip in clips)
    assert bright - dark == pytest.approx(2 * 45, abs=6)


@pytest.mark.parametrize("name", ["one.png", "two.gif", "frames"])
def test_a_result_of_few_frames_has_a_thumbnail(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if path.suffix == ".png":
        Image.new("RGB", (30, 20), "red").save(path)
    else:
        write_brightening_clip(path, frames=2)
    assert decode(make_thumbnail(path)).shape[2] == 3


def test_a_thumbnail_of_noise_is_small_too(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert 0 < len(make_thumbnail(tmp_path / "noise.png")) <= MAX_BYTES


def test_every_kind_of_result_has_a_thumbnail_and_what_is_missing_has_none(tmp_path: Path) -> None:
    thumbnails = make_thumbnails(tmp_path, write_results(tmp_path))
    assert not {HOSTILE, "bad-9", "waiting", "now"} & thumbnails.keys()
    assert thumbnails.pop("gone") == b""
    assert thumbnails.keys() == {"video", "gif", "folder", "pattern", "webm", "sheet"}
    for data in thumbnails.values():
        assert max(decode(data).shape) <= MAX_SIDE
        assert len(data) <= MAX_BYTES


def test_a_thumbnail_is_kept_for_as_long_as_the_result_is_the_same(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "a.png")
    red = make_thumbnails(tmp_path, [make_report_row("a", "a.png")])
    Image.new("RGB", (30, 20), "blue").save(tmp_path / "a.png")
    assert make_thumbnails(tmp_path, [make_report_row("a", "a.png")]) == red
    changed = make_report_row("a", "a.png", sha256="0" * 64)
    assert make_thumbnails(tmp_path, [changed]) != red


def test_a_damaged_result_has_no_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    assert make_thumbnails(tmp_path, [make_report_row("a")]) == {"a": b""}
