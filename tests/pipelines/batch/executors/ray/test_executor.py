"""A real Ray cluster of two nodes on this machine: the contract, the same bytes, lost nodes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import ray
from filelock import FileLock
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from models.errors import BackendUnavailable, ProcessingError
from pipelines.batch.events import Event
from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.executors.ray.cluster import Cluster
from pipelines.batch.executors.ray.connection import connect
from pipelines.batch.executors.ray.executor import RayExecutor
from pipelines.batch.executors.ray.transfer import existing_files, relocate
from pipelines.batch.executors.registry import Executor
from pipelines.batch.jobs import Group, Job, group_jobs
from pipelines.batch.runner import run_batch
from pipelines.runtime.fingerprints import content_fingerprint
from tests.helpers.executor_contract import ExecutorContract, MakeExecutor, visible_files
from tests.helpers.ray_nodes import HOSTS, ROOT, Nodes
from tests.helpers.small_batches import BatchInputs, make_animate_job

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(sys.platform != "linux", reason="the nodes need loopback addresses of their own"),
]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    one_at_a_time = FileLock(Path(tempfile.gettempdir()) / "gfla-ray-nodes.lock")
    with one_at_a_time, pytest.MonkeyPatch.context() as patch, Nodes() as started:
        for name, value in started.environment.items():
            patch.setenv(name, value)
        _reload_ray_settings()
        yield started
    _reload_ray_settings()


def _reload_ray_settings() -> None:
    """Ray has read it when it was imported."""
    _raylet: Any = import_module("ray._raylet")
    _raylet.Config.initialize("")
    _raylet.AuthenticationTokenLoader.instance().reset_cache()


@pytest.fixture(scope="module")
def cluster(nodes: Nodes) -> Iterator[Cluster]:
    with connect(nodes.address) as connected:
        yield connected


@pytest.fixture(scope="module")
def jobs(inputs: BatchInputs) -> list[Job]:
    """Two videos and a folder of pictures."""
    videos = [make_animate_job(source, inputs.clips[0], inputs.weights) for source in inputs.sources]
    return [*videos, replace(make_animate_job(inputs.sources[0], inputs.tracks[1], inputs.weights), output="pictures")]


@pytest.fixture(scope="module")
def expected(jobs: list[Job], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Their outputs with the local executor."""
    folder = tmp_path_factory.mktemp("local")
    states = [event.state for event in LocalExecutor(folder, workers=1).run([Group(tuple(jobs))])]
    assert states.count("done") == len(jobs)
    return read_contents(folder)


def read_contents(folder: Path) -> dict[str, bytes]:
    """Every file in the folder but the batch's own."""
    return {name: (folder / name).read_bytes() for name in visible_files(folder) if (folder / name).is_file()}


@pytest.mark.slow
def test_the_command_gives_the_bytes_of_the_local_executor(
    nodes: Nodes, inputs: BatchInputs, jobs: list[Job], expected: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["--weights", inputs.weights, "--keypoints", "bundled", "--device", "cpu", "--threads", "1"]
    command = ["batch", str(inputs.sources[0].parent / "[ab]*[nb].png"), inputs.clips[0], "-o", out, *options, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "gfla_cli", *map(str, command), "--executor", "ray", "--ray-address", nodes.address],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] == 2
    assert [line for line in done.stderr.splitlines() if not line.startswith("gfla: ")] == []
    made = {name: data for name, data in read_contents(out).items() if not name.startswith("report.")}
    assert made == {job.output: expected[job.output] for job in jobs[:2]}


@pytest.mark.slow
class TestRayExecutor(ExecutorContract):
    """The contract."""

    @pytest.fixture(autouse=True)
    def _nodes(self, nodes: Nodes) -> None:
        self.nodes = nodes

    @pytest.fixture
    def make(self, cluster: Cluster) -> MakeExecutor:
        def on_ray(folder: Path, *, workers: int) -> Executor:
            return RayExecutor(folder, workers=workers, cluster=cluster, max_tasks=workers)

        return on_ray

    def worker_ids(self, executor: Executor) -> list[int]:
        return [process for number in range(2) for process in self.nodes.busy_workers(number)]


@pytest.mark.parametrize("what", ["package", "version"])
def test_a_node_with_other_packages_is_named(
    what: str, cluster: Cluster, jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs[0]
    if what == "package":
        absent = ModuleType("absent")
        monkeypatch.setitem(sys.modules, "absent", absent)
        exec("class Option: pass", vars(absent))
        job = replace(job, options=job.options | {"seed": absent.Option()})
    else:
        monkeypatch.setattr("pipelines.batch.executors.ray.executor.versions", lambda: {"gfla": "0.0.1"})
    reason = {"package": "can't run gfla .*absent.*", "version": r"has gfla .*, this machine 0\.0\.1"}[what]
    with pytest.raises(BackendUnavailable, match=rf"^node 127\.0\.0\.[23] {reason}: install the same"):
        list(RayExecutor(tmp_path, workers=1, cluster=cluster).run([Group((job,))]))


def test_nodes_without_shared_storage_give_the_same_bytes(
    nodes: Nodes,
    cluster: Cluster,
    jobs: list[Job],
    expected: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = Path("/proc/self/cwd")  # another folder in every process
    places = {path: f"{ours}/{Path(path).name}" for job in jobs for path in existing_files(job)}
    for path in places:
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    hidden = [relocate(job, places) for job in jobs]
    lost = make_animate_job(ours / "bad.png", ours / "walk.mp4", ours / "small.safetensors")
    (tmp_path / "bad.png").write_text("no picture")
    groups = [Group((*hidden[:2], lost)), Group((hidden[2],))]
    options = {"workers": 2, "cluster": cluster, "max_tasks": 2}
    with pytest.raises(BackendUnavailable, match=r"does not see .*--no-shared-storage"):
        list(RayExecutor(ours / "out", **options).run(groups))
    assert read_contents(tmp_path / "out") == {}

    events = list(RayExecutor(ours / "out", **options, shared_storage=False).run(groups))
    assert read_contents(tmp_path / "out") == expected
    for event in events:
        for name, (sha256, _, mtime) in (event.files or {}).items():
            assert content_fingerprint(tmp_path / "out" / name)[::2] == (sha256, mtime)
    reason = next(event.reason for event in events if event.state == "failed")
    assert (reason or "").startswith("/proc/self/cwd/bad.png is not a picture")
    assert list((tmp_path / "out" / ".gfla").rglob("*")) == []
    left = {path.name.partition("_")[0] for number in range(2) for path in nodes.temporary(number).glob("*")}
    assert left <= {"ray", "torchinductor"}  # PyTorch's empty cache, unless another test has set one up elsewhere


@pytest.mark.parametrize(
    ("device", "threads", "reason"),
    [("cpu", 2, "no node .* has 2 CPUs"), ("cuda:1", 1, "--device cuda:1: Ray chooses a GPU for each task")],
)
def test_what_no_node_can_run_is_refused_before_anything_runs(
    device: str, threads: int, reason: str, cluster: Cluster, jobs: list[Job], tmp_path: Path
) -> None:
    job = replace(jobs[0], options=jobs[0].options | {"device": device})
    with pytest.raises(BackendUnavailable, match=reason):
        next(RayExecutor(tmp_path, workers=1, cluster=cluster).run([Group((job,), threads=threads)]))


@pytest.mark.parametrize(("device", "gpus"), [("auto", 1), ("cuda", 1), ("cpu", 0)])
def test_jobs_take_a_gpu_if_their_device_allows_it(device: str, gpus: int, cluster: Cluster, jobs: list[Job]) -> None:
    group = Group((replace(jobs[0], options=jobs[0].options | {"device": device}),))
    assert cluster.required_resources(group).get("GPU", 0) == gpus
    assert cluster.capacity(group) == {0: 2, 1: 1}[gpus]
    assert len(cluster.machine([device]).gpus) == gpus


def occupy() -> Iterator[str]:
    """A task that keeps a node busy."""
    yield "running"
    time.sleep(60)


class NodeKiller:
    """A listener: once two jobs have started, the second node dies, and the first one is no longer occupied."""

    def __init__(self, nodes: Nodes, occupation: Any) -> None:
        self.nodes, self.occupation = nodes, occupation
        self.events: list[tuple[str, str]] = []

    def begin(self, jobs: int, skipped: int, workers: int) -> None: ...

    def event(self, event: Event) -> None:
        self.events.append((event.job, event.state))
        if event.state == "started" and len({job for job, _ in self.events}) == 2 and self.nodes.busy_workers(1):
            self.nodes.kill(1)
            ray.cancel(self.occupation, force=True)


@pytest.mark.slow
def test_a_lost_node_costs_no_job(
    nodes: Nodes, cluster: Cluster, inputs: BatchInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    monkeypatch.setattr(cluster, "note", notes.append)
    head = next(node["NodeID"] for node in cluster.nodes() if node["NodeManagerAddress"] == HOSTS[0])
    there = NodeAffinitySchedulingStrategy(head, soft=False)
    task: Any = ray.remote(max_retries=0)(occupy)
    occupation = task.options(num_returns="streaming", scheduling_strategy=there).remote()
    next(occupation)
    every = [make_animate_job(source, clip, inputs.weights) for clip in inputs.clips for source in inputs.sources]
    executor, listener = RayExecutor(tmp_path, workers=2, cluster=cluster), NodeKiller(nodes, occupation)
    outcome = run_batch(every, tmp_path, executor, lambda jobs: group_jobs(jobs, size=2), listener)
    assert [note.partition(":")[0] for note in notes] == [f"lost node {HOSTS[1]}"]
    assert sorted(outcome.done) == sorted(job.name for job in every)
    assert read_contents(tmp_path).keys() == {job.output for job in every}
    starts = Counter(job for job, state in listener.events if state == "started")
    assert sorted(starts.values()) == [1, 1, 1, 2]


@pytest.mark.slow
def test_a_lost_cluster_is_reported_in_one_line(
    nodes: Nodes, cluster: Cluster, jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.batch.executors.ray.cluster.HEAD_TIMEOUT", 1.0)
    events = RayExecutor(tmp_path, workers=1, cluster=cluster).run([Group(tuple(jobs))])
    assert next(event.state for event in events) == "started"
    nodes.kill(0)
    with pytest.raises(ProcessingError, match=r"lost the Ray cluster at 127\.0\.0\.2:.* run the same command"):
        list(events)
