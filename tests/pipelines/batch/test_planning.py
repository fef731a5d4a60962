"""From folders, patterns and lists to jobs; everything hostile is one line before anything runs."""

import os
import re
from pathlib import Path

import pytest

from gfla_cli.job_options import is_option, parse
from models.errors import InputError
from pipelines.batch.job_files import read_wishes
from pipelines.batch.jobs import Job
from pipelines.batch.planning import OWN, JobRequest, build_jobs, expand_pairs, refuse_escapes


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Pictures 2 and 10, clips x and y, other things between them."""
    for name in ("src/10.png", "src/2.JPG", "src/.hidden.png", "src/notes.txt", "drv/x.mp4", "drv/y.gif", "drv/z.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("something")
    return tmp_path


def names(jobs: list[Job]) -> list[str]:
    return [job.name for job in jobs]


def planned(
    folder: Path,
    sources: str = "src",
    drivings: str = "drv",
    command: str = "animate",
    *,
    pair: str = "cross",
    options: dict[str, str] | None = None,
    name: str | None = None,
    suffix: str | None = None,
) -> list[Job]:
    wishes = expand_pairs(
        command, str(folder / sources), str(folder / drivings), options or {}, folder / "out", pair=pair
    )
    return build_jobs(wishes, parse, command=command, name=name, suffix=suffix)


def listed(path: Path, text: str | bytes, defaults: dict[str, str] | None = None) -> list[Job]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    wishes = read_wishes(path, lambda column: column in OWN or is_option(column))
    return build_jobs(wishes, parse, defaults)


def test_every_source_meets_every_driving_in_natural_order(files: Path) -> None:
    jobs = planned(files)
    assert names(jobs) == ["2--x", "2--y", "10--x", "10--y"]
    assert jobs[0].output == "2--x.mp4"
    assert (jobs[0].source, jobs[0].driving) == (str(files / "src" / "2.JPG"), str(files / "drv" / "x.mp4"))


def test_patterns_single_files_and_pairs(files: Path) -> None:
    assert names(planned(files, "src/*.png", "drv/x.mp4")) == ["10--x"]
    assert names(planned(files, pair="zip")) == ["2--x", "10--y"]
    with pytest.raises(InputError, match="2 and 1"):
        planned(files, drivings="drv/x.mp4", pair="zip")
    with pytest.raises(InputError, match="no file matches"):
        planned(files, "src/*.bmp")


def test_a_folder_of_pictures_is_a_clip_and_a_folder_of_targets(files: Path) -> None:
    assert names(planned(files, "src/10.png", "src")) == ["10--src"]
    for folder, name in (("frames", "1.png"), ("empty", "notes.txt")):
        (files / "drv" / folder).mkdir()
        (files / "drv" / folder / name).touch()
    assert names(planned(files, "src/10.png")) == ["10--frames", "10--x", "10--y"]
    jobs = planned(files, "src/10.png", "src", "pose")
    assert names(jobs) == ["10--2", "10--10"]
    assert jobs[0].output == "10--2.png"
    assert jobs[0].options["targets"] == [str(files / "src" / "2.JPG")]


def test_views_have_no_driving(files: Path) -> None:
    given = {"category": "car", "azimuth": "-20", "angles": "0,30"}
    wishes = expand_pairs("view-synth", str(files / "src"), None, given, files / "out")
    job = build_jobs(wishes, parse, command="view-synth")[0]
    assert (job.name, job.output, job.driving) == ("2--turntable", "2--turntable.mp4", None)
    assert (job.options["azimuth"], job.options["angles"]) == (-20.0, [0.0, 30.0])


def test_names_and_suffixes(files: Path) -> None:
    assert names(planned(files, name="{driving} of {source}"))[0] == "x of 2"
    assert planned(files, suffix=".webm")[0].output == "2--x.webm"
    assert planned(files, suffix="")[0].output == "2--x"
    assert names(planned(files, suffix="", name="v1.{source}.{driving}"))[0] == "v1.2.x"
    with pytest.raises(InputError, match=re.escape("may hold {source}, {driving}")):
        planned(files, name="{source.__class__}")


def test_options_are_read_by_the_command(files: Path) -> None:
    options = planned(files, options={"start": "1:30", "fps": "30000/1001", "compare": "true", "debug": "flow,mask"})[
        0
    ].options
    assert (options["start"], options["fps"], options["compare"]) == ("90", "30000/1001", True)
    assert options["debug"] == ["flow", "mask"]
    for options, words in (({"frame": "x"}, "'x' is not one of"), ({"category": "car"}, "has no option 'category'")):
        with pytest.raises(InputError, match=words):
            planned(files, options=options)


def test_names_that_meet_are_refused_also_where_case_does_not_count(files: Path) -> None:
    with pytest.raises(InputError, match="have the same"):
        planned(files, name="one")
    with pytest.raises(InputError, match=r"line 2 and .* line 3 have the same"):
        listed(files / "j.csv", "source,driving,name\na.png,x.mp4,Ann\nb.png,x.mp4,aNN\n")
    with pytest.raises(InputError, match="have the same"):
        listed(files / "j.csv", "source,driving,name,debug\na.png,x.mp4,a,flow\nb.png,x.mp4,a--debug,\n")
    with pytest.raises(InputError, match="which is the file of"):
        listed(files / "j.csv", "source,driving,output\na.png,x.mp4,frames\nb.png,x.mp4,frames/b.mp4\n")


def test_a_csv_from_a_spreadsheet_program(files: Path) -> None:
    rows = (
        'source,driving,"max-frames",name,command,crf',
        "src/2.JPG,drv/x.mp4,5,,,",
        ",,,,,",
        'a.png,"b, c.png",,p,pose,',
    )
    text = "\ufeff" + "".join(f"{row}\r\n" for row in rows)
    first, second = listed(files / "jobs.csv", text, {"crf": "20", "frame": "crop"})
    assert (first.name, first.options["max_frames"], first.options["crf"]) == ("2--x", 5, 20)
    assert first.source == str(files / "src" / "2.JPG")
    assert (second.name, second.command, second.driving) == ("p", "pose", str(files / "b, c.png"))
    assert second.options["frame"] == "crop"
    assert "crf" not in second.options


def test_yaml_and_options_that_name_a_file_beside_it(files: Path) -> None:
    (files / "song.mp3").touch()
    text = "jobs:\n- {source: a.png, driving: d.mp4, audio: song.mp3, compare: true, max_frames: 5, start: 12.5}\n"
    job = listed(files / "jobs.yaml", text)[0]
    assert job.options["audio"] == str(files / "song.mp3")
    assert (job.options["compare"], job.options["max_frames"], job.options["start"]) == (True, 5, "25/2")


HOSTILE = {
    "../a.mp4": "not inside",
    "x/../../a.mp4": "not inside",
    "/etc/a.mp4": "not inside",
    ".gfla/journal.jsonl": "hidden",
    "a//b.mp4": "hidden",
    "": "",
    "n" * 10_000: "longer than 200 bytes",
    "é" * 101 + ".mp4": "longer than 200 bytes",
    "a\tb.mp4": "control character",
    "%05d.png": "numbered pictures",
}


@pytest.mark.parametrize("output", HOSTILE, ids=lambda output: output[:20])
def test_outputs_that_leave_the_folder_or_hide(output: str, files: Path) -> None:
    text = f'source,driving,output\na.png,x.mp4,"{output}"\n'
    if not output:
        assert listed(files / "j.csv", text)[0].output == "a--x.mp4"
        return
    with pytest.raises(InputError) as raised:
        listed(files / "j.csv", text)
    line = str(raised.value)
    assert HOSTILE[output] in line
    assert "j.csv line 2" in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("j.csv", b"", "is empty"),
        ("j.csv", b"source,driving\n", "no job"),
        ("j.csv", b"source,driving\na.png,x.mp4,more\n", "line 2 has 3 cells"),
        ("j.csv", b"source,source\na.png,x.mp4\n", "a name of its own"),
        ("j.csv", b"source,driving,rm -rf\na.png,x.mp4,y\n", "unknown column 'rm -rf'"),
        ("j.csv", b"source,driving,json\na.png,x.mp4,y\n", "unknown column 'json'"),
        ("j.csv", b"source,target,driving\na.png,x.mp4,y\n", "given twice"),
        ("j.csv", b"source,driving\na.png,x\0.mp4\n", "line 2 has a NUL byte"),
        ("j.csv", b'source,driving\na.png,"x.mp4\n', "no CSV"),
        ("j.csv", b"source,driving\n\xff\xfe,x\n", "no UTF-8"),
        ("j.csv", b'source,driving\n"a\nb.png",x.mp4\n', "control character"),
        ("j.csv", b"source,driving,person\na.png,x.mp4,--json\n", "'--json' is neither"),
        ("j.csv", b"source,driving,compare\na.png,x.mp4,maybe\n", "must be true or false"),
        ("j.csv", b"source,driving,command\na.png,x.mp4,rm\n", "command 'rm' must be one of"),
        ("j.csv", b"source\na.png\n", "needs a source and a driving"),
        ("j.csv", b"source,driving,output,name\na.png,x.mp4,a.mp4," + b"n" * 10_000, "longer than 200 characters"),
        ("j.csv", b"source,driving,crf\na.png,x.mp4,many\n", "Invalid value for '--crf'"),
        ("j.yaml", b"- !!python/object/apply:os.system ['touch gotcha']\n", "no plain YAML"),
        ("j.yaml", b"- {source: !!python/name:os.system , driving: x.mp4}\n", "no plain YAML"),
        ("j.yaml", b"- {source: a.png, driving: [x, [y]]}\n", "must be text or a number"),
        ("j.yaml", b"- {source: a.png, driving: {x: y}}\n", "must be text or a number"),
        ("j.yaml", b"- {source: a.png, driving: 2020-01-01}\n", "must be text or a number"),
        ("j.yaml", b"- {1: a.png}\n", "unknown column 1"),
        ("j.yaml", b"- [a, b]\n", "must be a mapping"),
        ("j.yaml", b"source: a.png\n", "must be a list"),
        ("j.yaml", b"- {source: a.png\n", "no plain YAML"),
        ("j.yaml", b"- {source: a.png, driving: \"x\\0.mp4\"}\n", "control character"),
        ("j.yaml", b"- &a [*a]\n", "must be a mapping"),
        ("j.yaml", b"[" * 100_000, "no plain YAML"),
        ("j.yaml", b"- source: 1" + b"0" * 5000 + b"\n", "no plain YAML"),
    ],
)  # fmt: skip
def test_hostile_lists_are_one_line(name: str, data: bytes, words: str, files: Path, monkeypatch) -> None:
    monkeypatch.chdir(files)
    with pytest.raises(InputError, match=words) as raised:
        listed(files / name, data)
    assert len(str(raised.value).splitlines()) == 1
    assert name in str(raised.value)
    assert not (files / "gotcha").exists()


def test_entities_that_grow_without_end_are_refused_at_once(files: Path) -> None:
    lines = ["- &a0 [x, x]", *(f"- &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(InputError, match="must be a mapping"):
        listed(files / "bomb.yaml", "\n".join(lines))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_list_that_is_no_file(make, files: Path) -> None:
    make(files / "jobs.csv")
    with pytest.raises(InputError, match="is a"):
        read_wishes(files / "jobs.csv", is_option)


def test_a_link_out_of_the_folder_is_refused(files: Path) -> None:
    out = files / "out"
    out.mkdir()
    (out / "sub").symlink_to(files)
    wish = JobRequest("here", {"source": "a.png", "driving": "x.mp4", "output": "sub/a.mp4"}, files)
    with pytest.raises(InputError, match="leads out of"):
        refuse_escapes(build_jobs([wish], parse), out)
