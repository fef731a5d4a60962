"""Job lists from spreadsheets and by hand; everything hostile is refused in one line before anything runs."""

import os
from pathlib import Path

import pytest

from gfla_cli.job_options import is_option, parse
from models.errors import InputError
from pipelines.batch.job_files import read_job_file
from pipelines.batch.jobs import Job
from pipelines.batch.planning import JOB_FIELDS, build_jobs


def read_jobs(
    path: Path, text: str | bytes, defaults: dict[str, str] | None = None, command: str = "animate"
) -> list[Job]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    requests = read_job_file(path, lambda column: column in JOB_FIELDS or is_option(column))
    return build_jobs(requests, parse, defaults, command=command)


def test_a_csv_from_a_spreadsheet_program(tmp_path: Path) -> None:
    rows = (
        'source,driving,"max-frames",name,command,crf',
        "src/2.JPG,drv/x.mp4,5,,,",
        ",,,,,",
        'a.png,"b, c.png",,p,pose,',
    )
    text = "\ufeff" + "".join(f"{row}\r\n" for row in rows)
    first, second = read_jobs(tmp_path / "jobs.csv", text, {"crf": "20", "frame": "crop"})
    assert (first.name, first.options["max_frames"], first.options["crf"]) == ("2--x", 5, 20)
    assert first.source == str(tmp_path / "src" / "2.JPG")
    assert (second.name, second.command, second.driving) == ("p", "pose", str(tmp_path / "b, c.png"))
    assert second.options["frame"] == "crop"
    assert "crf" not in second.options


COLUMNS = "source,driving,max_frames,name"
ROWS = ("ann.png,x.mp4,5,ann", "bob.png,b c.mp4,,bob")


def table(separator: str = ",", *, header: str = COLUMNS, rows: tuple[str, ...] = ROWS, before: str = "") -> str:
    return before + "".join(f"{line}\r\n" for line in (header, *rows)).replace(",", separator)


TABLES: dict[str, tuple[str, str | bytes]] = {
    "commas": ("j.csv", table()),
    "semicolons": ("j.csv", table(";")),
    "tabs": ("j.csv", table("\t")),
    "tabs in tsv": ("j.tsv", table("\t")),
    "bars in txt": ("j.txt", table("|")),
    "UTF-8 with a mark": ("j.csv", table(";", before="\ufeff")),
    "UTF-16 as Excel's Unicode text": ("j.txt", table("\t").encode("utf-16")),
    "UTF-16 big endian": ("j.txt", b"\xfe\xff" + table("\t").encode("utf-16-be")),
    "sep= line": ("j.csv", table(";", before="sep=;\r\n")),
    "sep= line of a tab": ("j.csv", table("\t", before="SEP=\t\r\n")),
    "sep= line with a mark, in quotes": ("j.csv", table(before='\ufeff"sep=,"\r\n')),
    "sep= line with empty cells": ("j.csv", table(";", before="sep=;;;\r\n")),
    "a separator of one's own": ("j.csv", table("#", before="sep=#\r\n")),
    "trailing empty columns": ("j.csv", table(header=COLUMNS + ",,", rows=tuple(f"{row},," for row in ROWS))),
    "trailing empty cells": ("j.csv", table(rows=tuple(f"{row},,,," for row in ROWS))),
    "trailing empty columns of semicolons": ("j.csv", table(";", header=COLUMNS + ",", rows=ROWS)),
    "an empty column": ("j.csv", table(header="source,,driving,max_frames,name", rows=tuple(
        row.replace(",", ",,", 1) for row in ROWS
    ))),
    "empty rows": ("j.csv", table(before=",,,\r\n\r\n", rows=(ROWS[0], ",,,", " , ", ROWS[1], ",,,"))),
    "short rows": ("j.csv", table(header="name,source,driving,max_frames", rows=(
        "ann,ann.png,x.mp4,5", "bob,bob.png,b c.mp4"
    ))),
    "upper case": ("j.csv", table(header=COLUMNS.upper())),
    "title case and spaces": ("j.csv", table(";", header=" Source , Driving,Max  Frames ,Name")),
    "dashes": ("j.csv", table(header=COLUMNS.replace("_", "-"))),
    "other names of columns": ("j.csv", table(header="Image,Target,max_frames,name")),
    "spaces around cells": ("j.csv", table(" , ", rows=("ann.png,x.mp4,5,ann", "bob.png,b c.mp4,,bob"))),
    "spaces before quotes": ("j.csv", table(rows=(ROWS[0], 'bob.png, "b c.mp4",, "bob"'))),
    "quotes everywhere": ("j.csv", table('";"', header=f'"{COLUMNS}"', rows=tuple(f'"{row}"' for row in ROWS))),
    "old Macintosh line ends": ("j.csv", table().replace("\r\n", "\r")),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_tables_of_spreadsheet_programs(case: str, tmp_path: Path) -> None:
    name, data = TABLES[case]
    jobs = read_jobs(tmp_path / name, data)
    assert [(job.name, job.source, job.driving, job.options.get("max_frames")) for job in jobs] == [
        ("ann", str(tmp_path / "ann.png"), str(tmp_path / "x.mp4"), 5),
        ("bob", str(tmp_path / "bob.png"), str(tmp_path / "b c.mp4"), None),
    ]


@pytest.mark.parametrize(("end", "cell"), [("", "a;b,c.png"), (";", "a,b.png"), ("\t", "a;b,c.png")])
def test_a_table_of_one_column(end: str, cell: str, tmp_path: Path) -> None:
    text = f'Source{end}\n"{cell}"{end}\n'
    (job,) = read_jobs(tmp_path / "j.csv", text, {"category": "car"}, command="view-synth")
    assert job.source == str(tmp_path / cell)


def test_yaml_and_options_that_name_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").touch()
    text = "jobs:\n- {source: a.png, driving: d.mp4, audio: song.mp3, compare: true, max_frames: 5, start: 12.5}\n"
    job = read_jobs(tmp_path / "jobs.yaml", text)[0]
    assert job.options["audio"] == str(tmp_path / "song.mp3")
    assert (job.options["compare"], job.options["max_frames"], job.options["start"]) == (True, 5, "25/2")


def test_jobs_of_one_name_or_file_are_refused_also_if_only_case_differs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 2 and .* line 3 have the same"):
        read_jobs(tmp_path / "j.csv", "source,driving,name\na.png,x.mp4,Ann\nb.png,x.mp4,aNN\n")
    with pytest.raises(InputError, match="have the same"):
        read_jobs(tmp_path / "j.csv", "source,driving,name,debug\na.png,x.mp4,a,flow\nb.png,x.mp4,a--debug,\n")
    with pytest.raises(InputError, match=r"line 3 writes into 'frames', which is the output of .* line 2"):
        read_jobs(tmp_path / "j.csv", "source,driving,output\na.png,x.mp4,frames\nb.png,x.mp4,frames/b.mp4\n")


HOSTILE_OUTPUTS = {
    "../a.mp4": "not inside",
    "x/../../a.mp4": "not inside",
    "/etc/a.mp4": "not inside",
    ".gfla/journal.jsonl": "hidden",
    "a//b.mp4": "hidden",
    "n" * 10_000: "longer than 200 bytes",
    "é" * 101 + ".mp4": "longer than 200 bytes",
    "a\tb.mp4": "control character",
    "%05d.png": "numbered pictures",
    "a.xyz": "output 'a.xyz': gfla animate can't write this type: use .mp4",
}


@pytest.mark.parametrize("output", HOSTILE_OUTPUTS, ids=lambda output: output[:20])
def test_outputs_that_leave_the_folder_or_hide_are_refused(output: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_jobs(tmp_path / "j.csv", f'source,driving,output\na.png,x.mp4,"{output}"\n')
    line = str(raised.value)
    assert HOSTILE_OUTPUTS[output] in line
    assert "j.csv line 2" in line
    assert len(line) < 400


def test_an_empty_output_is_omitted(tmp_path: Path) -> None:
    assert read_jobs(tmp_path / "j.csv", 'source,driving,output\na.png,x.mp4,""\n')[0].output == "a--x.mp4"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("j.csv", b"", "is empty"),
        ("j.csv", b"source,driving\n", "contains no jobs"),
        ("j.csv", b"source,driving\na.png,x.mp4,more\n", "line 2: cell 3, 'more', is in a column without a name"),
        ("j.csv", b"source;driving;\na.png;x.mp4;more\n", "line 2: cell 3, 'more', is in a column without a name"),
        ("j.csv", b"sep=;\nsource,driving\na.png,x.mp4\n", "line 3: unknown column 'source,driving'"),
        ("j.csv", b"Source,SOURCE\na.png,x.mp4\n", "line 1: 'source' is given twice: every column needs its own name"),
        ("j.csv", b"sep=;\n", "contains no jobs"),
        ("j.csv", b"source,source\na.png,x.mp4\n", "needs its own name"),
        ("j.csv", b"source,driving,rm -rf\na.png,x.mp4,y\n", "unknown column 'rm -rf'"),
        ("j.csv", b"source,driving,json\na.png,x.mp4,y\n", "unknown column 'json'"),
        ("j.csv", b"source,target,driving\na.png,x.mp4,y\n", "given twice"),
        ("j.csv", b"source,driving\na.png,x\0.mp4\n", "line 2 contains a NUL byte"),
        ("j.csv", b'source,driving\na.png,"x.mp4\n', "is not valid CSV"),
        ("j.csv", b"source,driving\n\xff\xfe,x\n", "is not UTF-8"),
        ("j.csv", b'source,driving\n"a\nb.png",x.mp4\n', "control character"),
        ("j.csv", b"source,driving,person\na.png,x.mp4,--json\n", "'--json'"),
        ("j.csv", b"source,driving,compare\na.png,x.mp4,maybe\n", "must be true or false"),
        ("j.csv", b"source,driving,command\na.png,x.mp4,rm\n", "command 'rm' must be one of"),
        ("j.csv", b"source\na.png\n", "needs a source and a driving"),
        ("j.csv", b"source,driving,output,name\na.png,x.mp4,a.mp4," + b"n" * 10_000, "longer than 200 characters"),
        ("j.csv", b"source,driving,crf\na.png,x.mp4,many\n", "Invalid value for '--crf'"),
        ("j.yaml", b"- !!python/object/apply:os.system ['touch gotcha']\n", "is not plain YAML"),
        ("j.yaml", b"- {source: !!python/name:os.system , driving: x.mp4}\n", "is not plain YAML"),
        ("j.yaml", b"- {source: a.png, driving: [x, [y]]}\n", "must be text or a number"),
        ("j.yaml", b"- {source: a.png, driving: {x: y}}\n", "must be text or a number"),
        ("j.yaml", b"- {source: a.png, driving: 2020-01-01}\n", "must be text or a number"),
        ("j.yaml", b"- {1: a.png}\n", "unknown column 1"),
        ("j.yaml", b"- [a, b]\n", "must be a mapping such as {source: a.png}, not list"),
        ("j.yaml", b"source: a.png\n", "must be a list of jobs such as - {source"),
        ("j.yaml", b"- {source: a.png\n", "is not plain YAML"),
        ("j.yaml", b"- {source: a.png, driving: \"x\\0.mp4\"}\n", "control character"),
        ("j.yaml", b"- &a [*a]\n", "must be a mapping"),
        ("j.yaml", b"[" * 100_000, "is not plain YAML"),
        ("j.yaml", b"- source: 1" + b"0" * 5000 + b"\n", "is not plain YAML"),
    ],
)  # fmt: skip
def test_hostile_lists_are_one_line(name: str, data: bytes, words: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words) as raised:
        read_jobs(tmp_path / name, data)
    assert len(str(raised.value).splitlines()) == 1
    assert name in str(raised.value)
    assert not (tmp_path / "gotcha").exists()


def test_entities_that_grow_exponentially_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["- &a0 [x, x]", *(f"- &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(InputError, match="must be a mapping"):
        read_jobs(tmp_path / "bomb.yaml", "\n".join(lines))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_list_must_be_a_file(make, tmp_path: Path) -> None:
    make(tmp_path / "jobs.csv")
    with pytest.raises(InputError, match="is a"):
        read_job_file(tmp_path / "jobs.csv", is_option)
