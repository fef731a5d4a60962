"""Connecting to a Ray cluster, without Ray's own messages and with one line for whatever goes wrong.

In: an address, or none. Out: a `Cluster`. Called by `executors.registry`. Ray is imported here
once a cluster is wanted, and nowhere before.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import BackendUnavailable, install_command
from pipelines.batch.executors.ray.network import is_reachable

if TYPE_CHECKING:
    from pipelines.batch.executors.ray.cluster import Cluster

PACKAGES_FOLDER = Path(__file__).parents[4]  # contains gfla_cli, pipelines and models


@contextmanager
def connect(address: str | None, note: Callable[[str], None] = lambda _: None) -> Iterator["Cluster"]:
    """A connection to the cluster at `address` (HOST:PORT), closed after the block.

    None is the cluster of RAY_ADDRESS, otherwise one that runs on this machine, otherwise a Ray that is started on this
    machine and stopped after the block. `note` receives a line that says which.

    Raises:
        BackendUnavailable: Ray is not installed, or the cluster does not answer or runs another version.
    """
    ray = _import_ray()
    wanted = address or os.environ.get("RAY_ADDRESS")
    try:
        if wanted not in (None, "auto"):
            _check_address(wanted)
            _init(ray, wanted)
        elif not _join_local_cluster(ray):
            if wanted:
                raise BackendUnavailable("no Ray cluster runs on this machine: start one (ray start --head)")
            note("no Ray cluster runs on this machine: starting one for this run")
            _init(ray, "local", include_dashboard=False)
        from pipelines.batch.executors.ray.cluster import Cluster

        cluster = Cluster(note)
        note(cluster.describe())
        yield cluster
    finally:
        ray.shutdown()


def _import_ray() -> Any:
    """The module, with telemetry off."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        from ray._private import worker
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "ray":
            raise
        raise BackendUnavailable(f"--executor ray needs the package ray: {install_command('ray')}") from None
    worker._worker_logs_enabled = False  # errors of nodes, which Ray prints on stdout; there is no public switch
    return ray


def _check_address(address: str) -> None:
    """Refuse at once what Ray would refuse after a while and many lines. Raises BackendUnavailable."""
    if address.startswith("ray://"):
        raise BackendUnavailable(
            f"--ray-address {address}: Ray Client is not supported; join the cluster from this machine "
            "(ray start --address=HOST:PORT --num-cpus=0) and pass HOST:PORT"
        )
    host, _, port = address.rpartition(":")
    if address == "local":
        return
    if not host or not port.isdecimal():
        raise BackendUnavailable(f"--ray-address {address!r} must be HOST:PORT, auto or local")
    if not is_reachable(host.strip("[]"), int(port)):
        raise BackendUnavailable(
            f"no Ray cluster answers at {address}: check the address, or start one (ray start --head)"
        )


def _join_local_cluster(ray: Any) -> bool:
    """Connect to a cluster that runs on this machine; False if there is none."""
    try:
        _init(ray, "auto")
    except ConnectionError:
        return False
    return True


def _init(ray: Any, address: str, **options: Any) -> None:
    """Connect to `address`, or start Ray for "local".

    Raises:
        BackendUnavailable: it does not work, with Ray's reason.
        ConnectionError: only for "auto", if nothing answers.
    """
    handler = signal.getsignal(signal.SIGTERM)
    try:
        # Ray puts the working directory before everything else on the workers' sys.path
        with _silence_stderr(), chdir(PACKAGES_FOLDER):
            level = logging.CRITICAL if _is_quiet() else logging.INFO
            ray.init(address, log_to_driver=False, logging_level=level, **options)
    except (ConnectionError, RuntimeError, ValueError, AssertionError) as error:
        reason = str(error.__cause__ or error)
        if "AuthenticationError" in reason:
            reason = "it requires its token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to a file with the token"
        elif address == "auto" and isinstance(error, ConnectionError):
            raise
        raise BackendUnavailable(f"can't use Ray at {address}: {' '.join(reason.split())[:500]}") from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray's own handler, set by init, exits without cleaning up


def _is_quiet() -> bool:
    return os.environ.get("GFLA_DEBUG") != "1"


@contextmanager
def _silence_stderr() -> Iterator[None]:
    """Ray's libraries write to stderr whatever Python's logging says; with GFLA_DEBUG=1 they may."""
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
