"""The nodes of a Ray cluster: what they can do, what a task needs of them, and whether they are still there."""

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
from pipelines.batch.executors.ray.node import TaskSpec, clear, serve
from pipelines.batch.jobs import Group

GPU_MEMORY = 16 * 2**30  # bytes, taken for granted: Ray counts GPUs and knows nothing of their memory
UNREAD = 8  # items that a task may be ahead of us; where they are pieces of files this bounds memory
PATIENCE = 20.0  # seconds without an answer of the head before the cluster counts as lost, and for sweeping
INTERVAL = 5.0  # seconds between two looks at the head
TURN = 1.0  # seconds


class Cluster:
    """Nodes of a Ray cluster, to which this process is connected. `note` hears what becomes of them."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note = note
        self.address: str = ray.get_runtime_context().gcs_address
        self.is_gone = False
        self._lost: set[str] = set()
        self._heard = self._looked = time.monotonic()
        self._asked, self._nodes = float("-inf"), list[dict[str, Any]]()

    def described(self) -> str:
        """One line."""
        total = ray.cluster_resources()
        gpus = f", GPUs: {total['GPU']:.0f}" if "GPU" in total else ""
        return f"Ray at {self.address} (nodes: {len(self.nodes())}, CPUs: {total.get('CPU', 0):.0f}{gpus})"

    def nodes(self) -> list[dict[str, Any]]:
        """What Ray knows about each node that is alive; asked anew after a moment."""
        if time.monotonic() - self._asked > TURN:
            self._nodes = [node for node in ray.nodes() if node["Alive"]]
            self._asked = time.monotonic()
        return self._nodes

    def machine(self, devices: Iterable[str]) -> Machine:
        """All nodes as if they were one machine; GPUs count if one of the `devices` of the jobs may be one."""
        total = ray.cluster_resources()
        count = int(total.get("GPU", 0)) if any(device in ("auto", "cuda") for device in devices) else 0
        gpus = tuple((str(number), float(GPU_MEMORY)) for number in range(count))
        return Machine(int(total.get("CPU", 0)), total.get("memory", 0.0), gpus)

    def needs(self, group: Group) -> dict[str, float]:
        """What a task for the group takes of a node, by Ray's names: a GPU where its jobs compute on one."""
        nodes = self.nodes()
        device = str(group.jobs[0].options.get("device", "auto"))  # jobs of a group share it
        has_gpu = any(node["Resources"].get("GPU") for node in nodes)
        on_gpu = device.startswith("cuda") or (device == "auto" and has_gpu)
        memory = min(WORKER_MEMORY, max((node["Resources"].get("memory", 0.0) for node in nodes), default=0.0))
        return {"CPU": 1, "GPU": 1, "memory": memory} if on_gpu else {"CPU": group.threads, "memory": memory}

    def room(self, group: Group) -> int:
        """How many tasks like that the nodes can do at once."""
        needs = [(name, amount) for name, amount in self.needs(group).items() if amount]
        return sum(
            int(min(node["Resources"].get(name, 0) // amount for name, amount in needs)) for node in self.nodes()
        )

    def check_room(self, group: Group) -> None:
        """Raises BackendUnavailable if no node can do the group, however long it waits."""
        device = str(group.jobs[0].options.get("device", "auto"))
        if re.fullmatch(r"cuda:\d+", device):
            raise BackendUnavailable(f"--device {device}: Ray chooses a GPU for each task, give --device cuda")
        if not self.room(group):
            needs = self.needs(group)
            what = "a GPU" if "GPU" in needs else "a CPU" if needs["CPU"] == 1 else f"{needs['CPU']:.0f} CPUs"
            raise BackendUnavailable(f"no node of the Ray cluster at {self.address} offers {what}: start one that does")

    def submit(self, order: TaskSpec) -> Any:
        """A task for a group; gives its stream of items."""
        needs = self.needs(order.group)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = dict.fromkeys(names, str(order.group.threads)) | {"OMP_WAIT_POLICY": "PASSIVE"}
        environment |= {name: os.environ[name] for name in ("GFLA_WEIGHTS",) if name in os.environ}
        options = {
            "num_cpus": needs["CPU"],
            "num_gpus": needs.get("GPU", 0),
            "memory": needs["memory"],
            "max_retries": 0,
            "num_returns": "streaming",
            "_generator_backpressure_num_objects": UNREAD,
            "runtime_env": {"env_vars": environment},
        }
        return ray.remote(max_calls=0)(serve).options(**options).remote(order)

    def clear(self, run: str, nodes: Iterable[str]) -> None:
        """Remove the files of a batch on these nodes, as far as they are alive."""
        alive = {node["NodeID"] for node in self.nodes()}
        task = ray.remote(num_cpus=0, max_retries=0)(clear)
        there = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes if node in alive]
        sweeping = [task.options(scheduling_strategy=place).remote(run) for place in there]
        if sweeping:
            ray.wait(sweeping, num_returns=len(sweeping), timeout=PATIENCE)

    def is_lost(self, node: str) -> bool:
        """Whether a node (by id) does not answer; Ray itself notices that late."""
        known = next((item for item in ray.nodes() if item["NodeID"] == node), None)
        if known is not None and is_reachable(known["NodeManagerAddress"], known["NodeManagerPort"]):
            return False
        if node not in self._lost:
            self._lost.add(node)
            self.note(f"node {known['NodeManagerAddress'] if known else node} is lost: its jobs go to others")
        return True

    def check(self, *, now: bool = False) -> None:
        """Look now and then, or `now`, whether the head is there.

        Raises:
            ProcessingError: it has not answered for a while.
        """
        if not now and time.monotonic() - self._looked < INTERVAL:
            return
        host, _, port = self.address.rpartition(":")
        while not is_reachable(host, int(port)):
            if time.monotonic() - self._heard > PATIENCE:
                self.is_gone = True
                raise ProcessingError(
                    f"lost the Ray cluster at {self.address}: start it again, then run the same command to go on"
                )
            time.sleep(TURN)
        self._heard = self._looked = time.monotonic()
