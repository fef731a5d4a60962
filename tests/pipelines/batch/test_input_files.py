"""What a folder, a pattern or a path names; what is left out is said, and what does not exist is refused."""

from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.input_files import find_drivings, find_sources


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with pictures, driving videos and other files in folders."""
    src = ("10.png", "2.JPG", "3.heic", ".hidden.png", "notes.txt", "album/1.png")
    drv = ("x.mp4", "y.gif", "a.m2ts", "b.h264", "walk/1.png", "p.json", "z.txt", "empty/z.txt", ".z.mp4", "still.png")
    others = ("frames/1.png", "frames/2.png", "many/a.1", "many/a.2", "many/a.3", "many/a.4", "many/a.5", "many/a.6")
    for name in (*(f"src/{name}" for name in src), *(f"drv/{name}" for name in drv), *others, "none/.hidden"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_gives_its_pictures_and_names_the_rest(files: Path) -> None:
    notes: list[str] = []
    assert [path.name for path in find_sources("src", notes.append)] == ["2.JPG", "3.heic", "10.png"]
    assert notes == ["src: not used, because these are not pictures: album/, notes.txt"]


@pytest.mark.parametrize(
    ("command", "found", "left_out"),
    [
        (
            "animate",
            "a.m2ts b.h264 p.json walk x.mp4 y.gif",
            "videos, pose files or folders of pictures: empty/, still.png, z.txt",
        ),
        (
            "pose",
            "p.json still.png y.gif",
            "pictures or pose files: a.m2ts, b.h264, empty/, walk/, x.mp4 and 1 more",
        ),
    ],
)
def test_a_folder_gives_its_drivings_and_names_the_rest(command: str, found: str, left_out: str, files: Path) -> None:
    notes: list[str] = []
    assert " ".join(path.name for path in find_drivings(command, "drv", notes.append)) == found
    assert notes == [f"drv: not used, because these are not {left_out}"]


def test_a_folder_of_pictures_alone_is_one_driving_video(files: Path) -> None:
    notes: list[str] = []
    assert find_drivings("animate", "frames", notes.append) == [Path("frames")]
    assert [path.name for path in find_drivings("pose", "frames", notes.append)] == ["1.png", "2.png"]
    assert notes == []


def test_a_pattern_or_a_path_names_files_whatever_they_are(files: Path) -> None:
    notes: list[str] = []
    assert find_sources("src/*.txt", notes.append) == [Path("src/notes.txt")]
    assert find_sources("src/notes.txt", notes.append) == [Path("src/notes.txt")]
    assert find_drivings("animate", "drv/[xy].*", notes.append) == [Path("drv/x.mp4"), Path("drv/y.gif")]
    assert notes == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nodir/", "nodir/ does not exist: check the name"),
        ("src/11.png", "src/11.png does not exist: check the name"),
        ("src/*.jpg", "no file matches 'src/*.jpg': src contains *.JPG, *.heic, *.png, *.txt, album/"),
        ("nodir/*.jpg", "no file matches 'nodir/*.jpg': there is no folder nodir"),
        ("none/*.jpg", "no file matches 'none/*.jpg': none contains nothing"),
        ("many/*.jpg", "no file matches 'many/*.jpg': many contains *.1, *.2, *.3, *.4, *.5 and 1 more"),
        ("many", "folder many contains no "),
        ("none", "it is empty"),
    ],
)
def test_what_is_not_there_is_refused_with_a_hint(text: str, words: str, files: Path) -> None:
    for find in (find_sources, lambda text, note: find_drivings("animate", text, note)):
        with pytest.raises(InputError) as raised:
            find(text, lambda note: None)
        assert words in str(raised.value)
