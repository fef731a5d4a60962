"""Connecting to a Ray cluster: which one, without Ray's own messages, and one line for whatever goes wrong.

Ray is imported here when a cluster is wanted, and nowhere before.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import BackendUnavailable
from pipelines.batch.executors.ray.network import is_reachable

if TYPE_CHECKING:
    from pipelines.batch.executors.ray.cluster import Cluster

ROOT = Path(__file__).parents[4]  # where the three packages lie


@contextmanager
def connected(address: str | None, note: Callable[[str], None] = lambda _: None) -> Iterator["Cluster"]:
    """The cluster at `address` (host:port); None: the one of RAY_ADDRESS, else one that runs on this machine, else a
    Ray of our own that ends with the block. `note` hears in a line which one it is.

    Raises:
        BackendUnavailable: Ray is not installed, the cluster does not answer or is of another version.
    """
    ray = _ray()
    wanted = address or os.environ.get("RAY_ADDRESS")
    try:
        if wanted not in (None, "auto"):
            _check(wanted)
            _init(ray, wanted)
        elif not _joined(ray):
            if wanted:
                raise BackendUnavailable("no Ray cluster runs on this machine: start one (ray start --head)")
            note("no Ray cluster runs here: starting one on this machine for this run")
            _init(ray, "local", include_dashboard=False)
        from pipelines.batch.executors.ray.cluster import Cluster

        cluster = Cluster(note)
        note(cluster.described())
        yield cluster
    finally:
        ray.shutdown()


def _ray() -> Any:
    """The module, imported with telemetry off."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        from ray._private import worker
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "ray":
            raise
        raise BackendUnavailable("--executor ray needs the package ray: pip install 'gfla[ray]'") from None
    worker._worker_logs_enabled = False  # errors of nodes, which Ray prints on stdout; there is no public switch
    return ray


def _check(address: str) -> None:
    """Refuse at once what Ray would refuse after a while and many lines."""
    if address.startswith("ray://"):
        raise BackendUnavailable(
            f"--ray-address {address}: Ray Client is not supported; join the cluster from this machine "
            "(ray start --address=HOST:PORT --num-cpus=0) and give HOST:PORT"
        )
    host, _, port = address.rpartition(":")
    if address == "local":
        return
    if not host or not port.isdecimal():
        raise BackendUnavailable(f"--ray-address {address!r} is not HOST:PORT, auto or local")
    if not is_reachable(host.strip("[]"), int(port)):
        raise BackendUnavailable(
            f"no Ray cluster answers at {address}: check the address, or start one (ray start --head)"
        )


def _joined(ray: Any) -> bool:
    """Connect to a cluster that runs on this machine, if there is one."""
    try:
        _init(ray, "auto")
    except ConnectionError:
        return False
    return True


def _init(ray: Any, address: str, **options: Any) -> None:
    """Connect, or start what `address` says. Raises ConnectionError only for "auto", if nothing answers."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with _hushed(), chdir(ROOT):  # Ray puts the working directory before all others on the workers' sys.path
            level = logging.CRITICAL if _is_quiet() else logging.INFO
            ray.init(address, log_to_driver=False, logging_level=level, **options)
    except (ConnectionError, RuntimeError, ValueError, AssertionError) as error:
        reason = str(error.__cause__ or error)
        if "AuthenticationError" in reason:
            reason = "it wants its token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to a file with the token"
        elif address == "auto" and isinstance(error, ConnectionError):
            raise
        raise BackendUnavailable(f"can't use Ray at {address}: {' '.join(reason.split())[:500]}") from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray has put its own there, which ends without cleaning up


def _is_quiet() -> bool:
    return os.environ.get("GFLA_DEBUG") != "1"


@contextmanager
def _hushed() -> Iterator[None]:
    """Ray's libraries write to stderr whatever Python's logging says; GFLA_DEBUG=1 lets them."""
    if not _is_quiet():
        yield
        return
    stderr = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
