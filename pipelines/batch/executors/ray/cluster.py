"""The nodes of a Ray cluster: what they offer, what a task takes of them, and whether they are still there.

Made by `connection.connect`; `RayExecutor` submits tasks through it. Resources are dicts by Ray's names: CPU and GPU in
numbers, memory in bytes.
"""

import os
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from models.errors import BackendUnavailable, ProcessingError
from pipelines.batch.executors.allocation import WORKER_MEMORY, Machine
from pipelines.batch.executors.ray.network import is_reachable
from pipelines.batch.executors.ray.node import TaskSpec, remove_run_folder, run_task
from pipelines.batch.jobs import Group

GPU_MEMORY = 16 * 2**30  # bytes, assumed: Ray counts GPUs and knows nothing of their memory
MAX_UNREAD_ITEMS = 8  # that a task may be ahead of us; where they are chunks of files, this bounds memory
HEAD_TIMEOUT = 20.0  # seconds without an answer of the head node before the cluster counts as lost
HEAD_INTERVAL = 5.0  # seconds between two checks of the head node
NODES_INTERVAL = 1.0  # seconds for which a list of nodes is reused, and between two attempts to reach the head node
CLEANUP_TIMEOUT = 20.0  # seconds that nodes get to remove the files of a run


class Cluster:
    """The nodes of the cluster to which this process is connected. `note` receives a line when one is lost."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note = note
        self.address: str = ray.get_runtime_context().gcs_address
        self.is_lost = False
        self._lost_nodes: set[str] = set()
        self._head_answered = self._head_checked = time.monotonic()
        self._listed, self._nodes = float("-inf"), list[dict[str, Any]]()

    def describe(self) -> str:
        """Address, nodes, CPUs and GPUs in one line."""
        total = ray.cluster_resources()
        gpus = f", GPUs: {total['GPU']:.0f}" if "GPU" in total else ""
        return f"Ray at {self.address} (nodes: {len(self.nodes())}, CPUs: {total.get('CPU', 0):.0f}{gpus})"

    def nodes(self) -> list[dict[str, Any]]:
        """Ray's facts about each node that is alive; at most a moment old."""
        if time.monotonic() - self._listed > NODES_INTERVAL:
            self._nodes = [node for node in ray.nodes() if node["Alive"]]
            self._listed = time.monotonic()
        return self._nodes

    def machine(self, devices: Iterable[str]) -> Machine:
        """All nodes as if they were one machine, with GPUs if one of the jobs' `devices` may be one."""
        total = ray.cluster_resources()
        count = int(total.get("GPU", 0)) if any(device in ("auto", "cuda") for device in devices) else 0
        gpus = tuple((str(number), float(GPU_MEMORY)) for number in range(count))
        memory = total.get("memory", 0.0)
        return Machine(int(total.get("CPU", 0)), memory, gpus, workers_per_gpu=1)  # as `required_resources` has it

    def required_resources(self, group: Group) -> dict[str, float]:
        """What a task for the group takes of a node: a GPU where its jobs run on one, otherwise CPUs."""
        nodes = self.nodes()
        device = _device(group)
        has_gpu = any(node["Resources"].get("GPU") for node in nodes)
        on_gpu = device.startswith("cuda") or (device == "auto" and has_gpu)
        memory = min(WORKER_MEMORY, max((node["Resources"].get("memory", 0.0) for node in nodes), default=0.0))
        return {"CPU": 1, "GPU": 1, "memory": memory} if on_gpu else {"CPU": group.threads, "memory": memory}

    def capacity(self, group: Group) -> int:
        """How many tasks like the one for this group all nodes can run at once."""
        required = [(name, amount) for name, amount in self.required_resources(group).items() if amount]
        return sum(
            int(min(node["Resources"].get(name, 0) // amount for name, amount in required)) for node in self.nodes()
        )

    def check_capacity(self, group: Group) -> None:
        """Raises BackendUnavailable if no node can ever run the group."""
        device = _device(group)
        if re.fullmatch(r"cuda:\d+", device):
            raise BackendUnavailable(f"--device {device}: Ray chooses a GPU for each task, use --device cuda")
        if not self.capacity(group):
            required = self.required_resources(group)
            what = "a GPU" if "GPU" in required else "a CPU" if required["CPU"] == 1 else f"{required['CPU']:.0f} CPUs"
            raise BackendUnavailable(f"no node of the Ray cluster at {self.address} has {what}: start one that does")

    def submit(self, task: TaskSpec) -> Any:
        """Start a task; returns the stream (Ray's ObjectRefGenerator) of what it yields."""
        required = self.required_resources(task.group)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = dict.fromkeys(names, str(task.group.threads)) | {"OMP_WAIT_POLICY": "PASSIVE"}
        environment |= {name: os.environ[name] for name in ("GFLA_WEIGHTS",) if name in os.environ}
        options = {
            "num_cpus": required["CPU"],
            "num_gpus": required.get("GPU", 0),
            "memory": required["memory"],
            "max_retries": 0,
            "num_returns": "streaming",
            "_generator_backpressure_num_objects": MAX_UNREAD_ITEMS,
            "runtime_env": {"env_vars": environment},
        }
        return ray.remote(max_calls=0)(run_task).options(**options).remote(task)

    def remove_run_folders(self, run: str, nodes: Iterable[str]) -> None:
        """Remove the files of a run on these nodes (by id), as far as they are alive."""
        alive = {node["NodeID"] for node in self.nodes()}
        task = ray.remote(num_cpus=0, max_retries=0)(remove_run_folder)
        places = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes if node in alive]
        removals = [task.options(scheduling_strategy=place).remote(run) for place in places]
        if removals:
            ray.wait(removals, num_returns=len(removals), timeout=CLEANUP_TIMEOUT)

    def is_node_lost(self, node: str) -> bool:
        """Whether a node (by id) does not answer; Ray itself notices that late."""
        known = next((item for item in ray.nodes() if item["NodeID"] == node), None)
        if known is not None and is_reachable(known["NodeManagerAddress"], known["NodeManagerPort"]):
            return False
        if node not in self._lost_nodes:
            self._lost_nodes.add(node)
            self.note(f"lost node {known['NodeManagerAddress'] if known else node}: its jobs move to other nodes")
        return True

    def check_head(self, *, now: bool = False) -> None:
        """Check from time to time, or `now`, that the head node answers; wait if it does not.

        Raises:
            ProcessingError: it has not answered for HEAD_TIMEOUT.
        """
        if not now and time.monotonic() - self._head_checked < HEAD_INTERVAL:
            return
        host, _, port = self.address.rpartition(":")
        while not is_reachable(host, int(port)):
            if time.monotonic() - self._head_answered > HEAD_TIMEOUT:
                self.is_lost = True
                raise ProcessingError(
                    f"lost the Ray cluster at {self.address}: restart it, then run the same command again to resume"
                )
            time.sleep(NODES_INTERVAL)
        self._head_answered = self._head_checked = time.monotonic()


def _device(group: Group) -> str:
    """The `device` option of the group's jobs, which they share."""
    return str(group.jobs[0].options.get("device", "auto"))
