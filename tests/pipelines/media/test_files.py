"""Outputs: links, names, folders and drives of every kind, checked before the work and written when it is complete."""

import errno
import os
from pathlib import Path

import pytest

from models.errors import InputError, ProcessingError
from pipelines.media.files import atomic_output, check_output, make_output_folder, temporary_folder, temporary_name


def write(path: Path, text: str = "new", *, overwrite: bool = False) -> None:
    check_output(path, overwrite=overwrite)
    with atomic_output(path, overwrite=overwrite) as temporary:
        temporary.write_text(text)


def test_an_existing_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "clip.mp4", tmp_path / "latest.mp4"
    target.write_text("old")
    link.symlink_to(Path("store") / "clip.mp4")
    with pytest.raises(InputError, match="already exists"):
        check_output(link)
    write(link, overwrite=True)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_dangling_link_is_its_target(tmp_path: Path) -> None:
    link = tmp_path / "latest.png"
    link.symlink_to(tmp_path / "store" / "clip")
    with atomic_output(link) as temporary:
        assert temporary.suffix == ".png"  # which decides the format
        temporary.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "store" / "clip").read_text() == "new"


def test_an_output_is_an_input_through_a_dangling_link_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "clip.mp4")
    with pytest.raises(InputError, match="also an input"):
        check_output(tmp_path / "link", inputs=[tmp_path / "clip.mp4"])


def test_folders_are_made_beside_the_target_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "frames").symlink_to(tmp_path / "store" / "frames")
    with temporary_folder(tmp_path / "frames") as temporary:
        assert temporary.parent == tmp_path / "store"
    make_output_folder(tmp_path / "frames")
    assert (tmp_path / "store" / "frames").is_dir()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("-", "standard output"),
        ("/dev/stdout", "standard output"),
        ("/dev/fd/1", "standard output"),
        ("pipe", "pipe or device"),
        ("circle", "link to itself"),
        ("folder", "is a folder"),
        ("file/out", "is no folder"),
        ("missing/deeper/out", "does not exist"),
        ("ä" * 126 + ".mp4", "256 bytes, 255 are possible"),
        ("ä" * 128 + "/out.mp4", "256 bytes, 255 are possible"),
    ],
)
def test_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("circle").symlink_to("circle")
    Path("folder").mkdir()
    Path("file").touch()
    with pytest.raises(InputError, match=words) as caught:
        check_output(Path(name))
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir()) == ["circle", "file", "folder", "pipe"]


@pytest.mark.parametrize("name", ["🎉" * 62 + ".mp4", "e\u0301" * 80 + ".mp4", "x" * 251 + ".mp4"])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    assert len(os.fsencode(temporary_name(tmp_path / name).name)) < 100
    assert os.listdir(tmp_path) == [name]


def test_one_missing_folder_is_made_and_removed_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_output(tmp_path / "new" / "out"):
        raise RuntimeError
    with pytest.raises(RuntimeError), temporary_folder(tmp_path / "new" / "out"):
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    write(tmp_path / "new" / "out")
    assert (tmp_path / "new" / "out").read_text() == "new"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EPERM, errno.ENOSYS])
def test_a_drive_without_fsync_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    write(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "new"


def test_bytes_that_did_not_reach_the_disk_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ProcessingError, match="can't write"):
        write(tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_folders_that_cannot_be_opened_are_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def open_files_only(path, flags, *more, **named) -> int:  # as on Windows
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", open_files_only)
    write(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "new"
