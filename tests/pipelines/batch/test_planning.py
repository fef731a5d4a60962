"""From folders and patterns to jobs: pairs, names, options and outputs."""

import re
from pathlib import Path

import pytest

from gfla_cli.job_options import parse
from models.errors import InputError
from pipelines.batch.jobs import Job
from pipelines.batch.planning import JobRequest, build_jobs, expand_pairs, refuse_links_outside
from tests.helpers.old_journal import DEFAULT_OPTIONS


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Pictures 2 and 10, driving videos x and y, other files between them."""
    for name in ("src/10.png", "src/2.JPG", "src/.hidden.png", "src/notes.txt", "drv/x.mp4", "drv/y.gif", "drv/z.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("something")
    return tmp_path


def names(jobs: list[Job]) -> list[str]:
    return [job.name for job in jobs]


def plan_jobs(
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
    requests = expand_pairs(
        command, str(folder / sources), str(folder / drivings), options or {}, folder / "out", pair=pair
    )
    return build_jobs(requests, parse, command=command, name=name, suffix=suffix)


def test_every_source_meets_every_driving_in_natural_order(files: Path) -> None:
    jobs = plan_jobs(files)
    assert names(jobs) == ["2--x", "2--y", "10--x", "10--y"]
    assert jobs[0].output == "2--x.mp4"
    assert (jobs[0].source, jobs[0].driving) == (str(files / "src" / "2.JPG"), str(files / "drv" / "x.mp4"))


def test_patterns_single_files_and_pairs(files: Path) -> None:
    assert names(plan_jobs(files, "src/*.png", "drv/x.mp4")) == ["10--x"]
    assert names(plan_jobs(files, pair="zip")) == ["2--x", "10--y"]
    with pytest.raises(InputError, match="as many drivings as sources, not 1 for 2"):
        plan_jobs(files, drivings="drv/x.mp4", pair="zip")


def test_a_folder_can_not_be_both_input_and_output(files: Path) -> None:
    with pytest.raises(InputError, match="can't be both input and output"):
        expand_pairs("animate", str(files / "src"), str(files / "drv"), {}, files / "drv" / ".." / "drv")


def test_a_folder_of_pictures_is_one_video_or_many_targets(files: Path) -> None:
    assert names(plan_jobs(files, "src/10.png", "src")) == ["10--src"]
    for folder, name in (("frames", "1.png"), ("empty", "notes.txt")):
        (files / "drv" / folder).mkdir()
        (files / "drv" / folder / name).touch()
    assert names(plan_jobs(files, "src/10.png")) == ["10--frames", "10--x", "10--y"]
    jobs = plan_jobs(files, "src/10.png", "src", "pose")
    assert names(jobs) == ["10--2", "10--10"]
    assert jobs[0].output == "10--2.png"
    assert jobs[0].options["targets"] == [str(files / "src" / "2.JPG")]


def test_views_have_no_driving(files: Path) -> None:
    options = {"category": "car", "azimuth": "-20", "angles": "0,30"}
    requests = expand_pairs("view-synth", str(files / "src"), None, options, files / "out")
    job = build_jobs(requests, parse, command="view-synth")[0]
    assert (job.name, job.output, job.driving) == ("2--turntable", "2--turntable.mp4", None)
    assert (job.options["azimuth"], job.options["angles"]) == (-20.0, [0.0, 30.0])


def test_names_and_suffixes(files: Path) -> None:
    assert names(plan_jobs(files, name="{driving} of {source}"))[0] == "x of 2"
    assert names(plan_jobs(files, name="v1.{source}.{driving}"))[0] == "v1.2.x"
    with pytest.raises(InputError, match=re.escape("may only contain {source}, {driving}")):
        plan_jobs(files, name="{source.__class__}")
    with pytest.raises(InputError, match="have the same 'name one'"):
        plan_jobs(files, name="one")


@pytest.mark.parametrize(
    ("command", "suffix", "output"),
    [
        ("animate", None, "2--x.mp4"),
        ("animate", ".webm", "2--x.webm"),
        ("animate", "webm", "2--x.webm"),
        ("animate", "GIF", "2--x.GIF"),
        ("animate", "", "2--x"),
        ("pose", None, "2--2.png"),
        ("pose", "jpg", "2--2.jpg"),
        ("pose", "", "2--2"),
    ],
)
def test_a_suffix_has_a_dot_or_not(command: str, suffix: str | None, output: str, files: Path) -> None:
    drivings = "drv" if command == "animate" else "src"
    assert plan_jobs(files, drivings=drivings, command=command, suffix=suffix)[0].output == output


@pytest.mark.parametrize(
    ("command", "suffix", "words"),
    [
        ("animate", "xyz", "--suffix 'xyz': gfla animate can't write this type: use .mp4, .m4v, .mov, .mkv, .webm"),
        ("animate", "...webm", "--suffix '...webm': "),
        ("animate", ".", "--suffix '.': "),
        ("animate", ".png", "--suffix '.png': "),
        ("animate", "/%05d.png", "--suffix '/%05d.png': "),
        ("pose", "mp4", "--suffix 'mp4': gfla pose can't write this type: use .png, .jpg, .jpeg, .webp, or no suffix"),
    ],
)  # fmt: skip
def test_a_suffix_that_the_command_can_not_write_is_refused(command: str, suffix: str, words: str, files: Path) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        plan_jobs(files, drivings="drv" if command == "animate" else "src", command=command, suffix=suffix)


@pytest.mark.parametrize(
    ("command", "suffix", "compare", "output"),
    [
        ("animate", None, "false", "2--x.mov"),
        ("animate", "webm", "false", "2--x.webm"),
        ("animate", "", "false", "2--x"),
        ("animate", None, "true", "2--x.mp4"),
        ("pose", None, "false", "2--2.png"),
    ],
)
def test_a_transparent_output_has_a_suffix_with_alpha(
    command: str, suffix: str | None, compare: str, output: str, files: Path
) -> None:
    options = {"background": "transparent", "compare": compare}
    drivings = "drv" if command == "animate" else "src"
    assert plan_jobs(files, drivings=drivings, command=command, suffix=suffix, options=options)[0].output == output


@pytest.mark.parametrize(
    ("command", "suffix", "words"),
    [
        ("animate", "mp4", "output '2--x.mp4' can't be transparent: use .mov, .webm, or no suffix for a folder"),
        ("animate", "gif", "can't be transparent"),
        ("pose", "jpg", "output '2--2.jpg' can't be transparent: use .png, .webp, or no suffix for a folder"),
    ],
)
def test_a_suffix_without_alpha_is_refused(command: str, suffix: str, words: str, files: Path) -> None:
    drivings = "drv" if command == "animate" else "src"
    with pytest.raises(InputError, match=re.escape(words)):
        plan_jobs(files, drivings=drivings, command=command, suffix=suffix, options={"background": "transparent"})


def test_transparent_views_become_pictures() -> None:
    request = JobRequest("here", {"source": "a.png", "category": "car", "background": "transparent"}, Path())
    assert build_jobs([request], parse, command="view-synth")[0].output == "a--turntable.png"


def test_a_background_file_is_one_of_the_files_of_a_job(files: Path) -> None:
    (files / "sky.png").touch()
    requests = [JobRequest("here", {"source": "a.png", "driving": "b.mp4", "background": "sky.png"}, files)]
    (job,) = build_jobs(requests, parse)
    assert job.options["background"] == str(files / "sky.png")
    key = job.key
    (file,) = [path for path in job.files if path.endswith("sky.png")]
    Path(file).write_bytes(b"another sky")
    assert build_jobs(requests, parse)[0].key != key


def test_a_folder_with_a_dot_in_its_name_is_refused(files: Path) -> None:
    with pytest.raises(InputError, match=r"'v1\.2' can't be the name of a folder, because of its dot"):
        plan_jobs(files, drivings="drv/x.mp4", suffix="", name="v1.{source}")


def test_options_are_parsed_by_the_command(files: Path) -> None:
    given = {"start": "1:30", "fps": "30000/1001", "compare": "true", "debug": "flow,mask"}
    options = plan_jobs(files, options=given)[0].options
    assert (options["start"], options["fps"], options["compare"]) == ("90", "30000/1001", True)
    assert options["debug"] == ["flow", "mask"]
    for given, words in (({"frame": "x"}, "'x' is not one of"), ({"category": "car"}, "has no option 'category'")):
        with pytest.raises(InputError, match=words):
            plan_jobs(files, options=given)


@pytest.mark.parametrize("command", DEFAULT_OPTIONS)
def test_the_default_options_of_a_job_are_those_of_old_journals(command: str, tmp_path: Path) -> None:
    inputs = {"source": "a.png", "category": "car"} if command == "view-synth" else {"source": "a", "driving": "b"}
    (job,) = build_jobs([JobRequest("here", {"command": command, **inputs}, tmp_path)], parse)
    own = ("source", "driving", "targets", "images")
    assert {name: value for name, value in job.options.items() if name not in own} == DEFAULT_OPTIONS[command]


def test_files_of_a_job_have_the_order_of_old_journals_however_they_are_given(tmp_path: Path) -> None:
    """Their identities enter the key in this order."""
    names = ("song.mp3", "yolo.pt", "w.safetensors", "m.safetensors")
    paths = [str(tmp_path / name) for name in names]
    for path in paths:
        Path(path).touch()
    options = list(zip(("audio", "yolo_weights", "weights", "motion"), paths, strict=True))
    for given in (options, options[::-1]):
        request = JobRequest("here", {"source": "/a.png", "driving": "/x.mp4", **dict(given)}, tmp_path)
        (job,) = build_jobs([request], parse)
        assert job.files == [*paths, "/a.png", "/x.mp4"]


def test_a_link_out_of_the_folder_is_refused(files: Path) -> None:
    out = files / "out"
    out.mkdir()
    (out / "sub").symlink_to(files)
    request = JobRequest("here", {"source": "a.png", "driving": "x.mp4", "output": "sub/a.mp4"}, files)
    with pytest.raises(InputError, match="leads out of"):
        refuse_links_outside(build_jobs([request], parse), out)
