"""Plans: the state of each job, its frames, and the rate of what is done."""

from pathlib import Path

import pytest
from PIL import Image

from pipelines.batch.costs import COSTS, WORKER_START, wall_time
from pipelines.batch.estimate import estimate_jobs, estimate_wall_time
from pipelines.batch.events import Event
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import open_journal
from pipelines.runtime.fingerprints import content_fingerprint
from tests.helpers.media_files import write_picture, write_video


@pytest.fixture(autouse=True)
def _reference_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is as fast as the one of the measured costs."""
    monkeypatch.setattr("pipelines.batch.estimate.measure_slowness", lambda: 1.0)


def make_job(name: str, source: Path, driving: Path, **options: object) -> Job:
    return Job(name, "animate", {"source": str(source), "driving": str(driving), **options}, f"{name}.mp4")


def test_estimates_use_the_rate_of_finished_jobs(tmp_path: Path) -> None:
    jobs = [Job(f"v{n}", "view-synth", {"images": ["/car.png"], "views": 10}, f"v{n}.mp4") for n in range(3)]
    cost = COSTS["view-synth"]
    new = ("new", cost.source + 10 * cost.frame)
    assert [(each.state, each.seconds) for each in estimate_jobs(jobs, tmp_path)] == [new] * 3
    with open_journal(tmp_path) as journal:
        journal.queue(jobs[:2])
        for job in jobs[:2]:
            (tmp_path / job.output).write_text("video")
            files = {job.output: content_fingerprint(tmp_path / job.output)}
            journal.record(Event(job.name, "done", files=files, seconds=20.0, frames=10))
    (tmp_path / "v1.mp4").write_text("vide")
    states = [(each.state, each.seconds) for each in estimate_jobs(jobs, tmp_path)]
    assert states == [("done", 0), ("incomplete", pytest.approx(20)), ("new", pytest.approx(20))]


def test_large_pictures_and_long_videos_take_longer_and_poses_are_found_once(tmp_path: Path) -> None:
    small, large = write_picture(tmp_path / "s.png", width=100, height=100), tmp_path / "l.png"
    Image.new("RGB", (4000, 2500)).save(large)
    short, long = write_video(tmp_path / "x.mp4", frames=5), write_video(tmp_path / "y.mp4", frames=10)
    pairs = [(small, short), (small, long), (large, long), (large, long)]
    jobs = [make_job(f"j{n}", *pair) for n, pair in enumerate(pairs)]
    seconds = [each.seconds for each in estimate_jobs(jobs, tmp_path)]
    cost = COSTS["animate"]
    tiny = cost.frame + 0.01 * cost.megapixel
    assert seconds == pytest.approx(
        [
            cost.source + 5 * (tiny + cost.driving),
            cost.source + 10 * (tiny + cost.driving),
            cost.source + 10 * (cost.frame + 10 * cost.megapixel),
            cost.source + 10 * (cost.frame + 10 * cost.megapixel),
        ]
    )
    beside = [each.seconds for each in estimate_jobs(jobs, tmp_path, is_core_free=True)]
    assert beside[2] == pytest.approx(cost.source + 10 * 10 * cost.megapixel)


def test_more_people_take_longer(tmp_path: Path) -> None:
    picture, clip = write_picture(tmp_path / "s.png", width=100, height=100), write_video(tmp_path / "x.mp4", frames=5)
    asked = {"a": None, "b": "2:1", "c": "1:2,2:1,3:3", "d": "all", "e": "all"}
    jobs = [make_job(name, picture, clip, people=people) for name, people in asked.items()]
    cost, seconds = COSTS["animate"], [each.seconds for each in estimate_jobs(jobs, tmp_path)]
    each, picture_alone = cost.source + 5 * cost.frame, 5 * 0.01 * cost.megapixel
    assert seconds[0] == pytest.approx(each + picture_alone + 5 * cost.driving)
    assert seconds[1:] == pytest.approx([number * each + picture_alone for number in (1, 3, 2, 2)])
    with open_journal(tmp_path) as journal:
        journal.queue(jobs)
        (tmp_path / "d.mp4").write_text("video")
        files = {"d.mp4": content_fingerprint(tmp_path / "d.mp4")}
        journal.record(Event("d", "done", files=files, seconds=10 * seconds[3], frames=5))
    later = [each.seconds for each in estimate_jobs(jobs, tmp_path)]
    assert later[4] / later[1] == pytest.approx(seconds[4] / seconds[1])


def test_a_pose_file_needs_no_search(tmp_path: Path) -> None:
    picture, clip = write_picture(tmp_path / "s.png"), write_video(tmp_path / "x.mp4", frames=5)
    track = tmp_path / "x.json"
    track.touch()
    searched, given = (
        estimate_jobs([make_job("a", picture, clip)], tmp_path),
        estimate_jobs([make_job("a", picture, clip, keypoints=str(track))], tmp_path),
    )
    assert searched[0].seconds - given[0].seconds == pytest.approx(5 * COSTS["animate"].driving)


def test_when_time_is_up_the_others_are_like_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("pipelines.batch.estimate.monotonic", lambda: next(clock))
    jobs = [Job(f"v{n}", "view-synth", {"images": ["/car.png"], "views": 10}, f"v{n}.mp4") for n in range(4)]
    plan = estimate_jobs(jobs, tmp_path, limit=2)
    assert [each.frames for each in plan] == [10, 10, None, None]
    assert len({each.seconds for each in plan}) == 1


def test_the_wall_time_is_that_of_the_last_worker(tmp_path: Path) -> None:
    assert wall_time([[3, 3], [5], [2], [2]], 2) == 8
    jobs = [Job(f"v{n}", "view-synth", {"images": ["/car.png"], "views": n}, f"v{n}.mp4") for n in (10, 20, 40)]
    plan = estimate_jobs(jobs, tmp_path)
    groups = [Group((job,)) for job in jobs]
    assert estimate_wall_time(plan, groups, 2) == plan[0].seconds + plan[2].seconds + WORKER_START
    assert estimate_wall_time(plan, [], 2) == 0


@pytest.mark.parametrize(
    ("command", "options", "frames"),
    [
        ("view-synth", {"images": ["/car.png"]}, 72),
        ("view-synth", {"images": ["/car.png"], "angles": [0.0, 90.0]}, 2),
        ("pose", {"source": "/a.png", "targets": ["/b.png", "/c.png", "/d.png"]}, 3),
    ],
)
def test_frames_follow_from_the_options(command: str, options: dict, frames: int, tmp_path: Path) -> None:
    (estimate,) = estimate_jobs([Job("j", command, options, "j.mp4")], tmp_path)
    assert (estimate.frames, estimate.reason) == (frames, "")


def test_a_driving_video_that_can_not_be_read_has_unknown_frames_and_a_reason(tmp_path: Path) -> None:
    options = {"source": "/a.png", "driving": str(tmp_path / "missing.mp4")}
    (estimate,) = estimate_jobs([Job("j", "animate", options, "j.mp4")], tmp_path)
    assert (estimate.frames, estimate.seconds) == (None, 0)
    assert estimate.row()[:4] == ("j", "animate", "new", "?")
    assert "missing.mp4 does not exist" in estimate.reason
