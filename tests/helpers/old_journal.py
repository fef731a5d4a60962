"""A journal as gfla 0.1 has written it, byte for byte: later versions must resume its batch, and write the same."""

from pathlib import Path

from pipelines.batch.jobs import Job

WRITTEN_AT = 1700000000.123456  # seconds since 1970
CONTENTS = b"a video"  # of the output of job a

JOURNAL = """\
{"at": 1700000000.123, "event": "queued", "job": "a", \
"key": "242d66375779a16fac5142492d01550e610176df2de8d3ed4542b5fa68324b71", "command": "animate", \
"source": "/nowhere/a.png", "driving": "/nowhere/d.mp4", "outputs": ["a.mp4"]}
{"at": 1700000000.123, "event": "queued", "job": "b", \
"key": "45622cdba9ed4cd671045e5acd3ee709b9b59721c740bc5f71e835a752ceadd7", "command": "animate", \
"source": "/nowhere/b.png", "driving": "/nowhere/d.mp4", "outputs": ["b.mp4"]}
{"at": 1700000000.123, "event": "started", "job": "a", "worker": 0}
{"at": 1700000000.123, "event": "done", "job": "a", "worker": 0, \
"files": {"a.mp4": ["3dbe53a2de431feaea25139a6ea5eb705629d3fb419181298046d78d55acb055", 7, 4]}, \
"seconds": 1.5, "frames": 7, "warnings": ["dark"]}
{"at": 1700000000.123, "event": "started", "job": "b", "worker": 1}
{"at": 1700000000.123, "event": "failed", "job": "b", "worker": 1, "reason": "no person"}
"""


def old_job(name: str) -> Job:
    """Job a or b of the journal, or another one of its kind."""
    options = {"source": f"/nowhere/{name}.png", "driving": "/nowhere/d.mp4"}
    return Job(name, "animate", options, f"{name}.mp4")


def write_old_journal(folder: Path) -> None:
    """Write the journal and the output of job a, which has another mtime than the journal says."""
    (folder / ".gfla").mkdir(parents=True)
    (folder / ".gfla" / "journal.jsonl").write_text(JOURNAL)
    (folder / "a.mp4").write_bytes(CONTENTS)


# What a job without any option has beside its inputs. It is part of the keys in old journals: with one more, one fewer
# or another value, every old batch would run again from the start. Those of view-synth had elevation 0 and distance 1.8
# before both were estimated: they do run again.
DEFAULT_OPTIONS = {
    "animate": {
        "compare": False,
        "frame": "full",
        "audio": "driving",
        "keypoints": "auto",
        "person": "largest",
        "on_missing": "interpolate",
        "retarget": "body",
        "weights": "person",
        "motion": "motion",
        "device": "auto",
        "precision": "auto",
        "seed": 0,
    },
    "pose": {
        "compare": False,
        "frame": "full",
        "keypoints": "auto",
        "person": "largest",
        "retarget": "body",
        "weights": "person",
        "motion": "motion",
        "device": "auto",
        "precision": "auto",
    },
    "view-synth": {
        "category": "car",
        "background": "white",
        "viewpoint": "viewpoint",
        "device": "auto",
        "precision": "auto",
    },
}
