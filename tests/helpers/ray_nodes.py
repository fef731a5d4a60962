"""Real nodes of a Ray cluster on the loopback interface, each with an address and a working directory of its own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

ROOT = Path(__file__).parents[2]  # contains the packages
HOSTS = ("127.0.0.2", "127.0.0.3")  # Ray replaces 127.0.0.1 by the machine's outer address
STORE_BYTES = 80_000_000
START_TIMEOUT = 60.0  # seconds
WITHOUT_EXTRAS = ("--no-monitor", "--include-log-monitor=false")


def free_port(host: str) -> int:
    """A TCP port that is not in use."""
    with socket.socket() as free:
        free.bind((host, 0))
        return free.getsockname()[1]


class Nodes:
    """A head node and a second node with one CPU each; the second claims a GPU as well. A token keeps others out."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gr", dir="/tmp"))  # short: paths of sockets are limited
        (self.folder / "token").write_text(uuid4().hex * 2)
        self.address = f"{HOSTS[0]}:{free_port(HOSTS[0])}"
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.folder / "token"),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self.processes: list[subprocess.Popen[Any]] = []

    def __enter__(self) -> "Nodes":
        port, client = self.address.partition(":")[2], free_port(HOSTS[0])
        try:
            ports = (f"--port={port}", f"--ray-client-server-port={client}")
            self._start("--head", "--include-dashboard=false", *ports, f"--temp-dir={self.folder}/r")
            self._start(f"--address={self.address}", "--num-gpus=1")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        for number in range(len(self.processes)):
            self.kill(number)
        shutil.rmtree(self.folder)

    def temporary(self, number: int) -> Path:
        """The folder for temporary files of node `number`."""
        return self.folder / f"tmp{number}"

    def kill(self, number: int) -> None:
        """Kill a node with all its processes, as if its machine had lost power."""
        for process in self.processes_of(number):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.processes[number].wait()

    def processes_of(self, number: int) -> list[psutil.Process]:
        """The processes of a node; none once it is dead."""
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self.processes[number].pid)
            return [*top.children(recursive=True), top]
        return []

    def busy_workers(self, number: int) -> list[int]:
        """Ids of a node's processes that run a group."""
        found = []
        for process in self.processes_of(number):
            with suppress(psutil.NoSuchProcess):
                if process.cmdline()[:1] == ["ray::run_task"]:
                    found.append(process.pid)
        return found

    def _start(self, *options: str) -> None:
        number = len(self.processes)
        self.temporary(number).mkdir()
        environment = os.environ | self.environment | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary(number))}
        fixed = [f"--node-ip-address={HOSTS[number]}", "--num-cpus=1", f"--object-store-memory={STORE_BYTES}"]
        fixed += [f"--dashboard-agent-listen-port={free_port(HOSTS[number])}", *WITHOUT_EXTRAS]
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *fixed, *options]
        log = self.folder / f"log{number}"
        with log.open("wb") as stream:
            channels: Any = {"stdin": subprocess.DEVNULL, "stdout": stream, "stderr": stream}
            self.processes.append(subprocess.Popen(command, cwd=self.temporary(number), env=environment, **channels))
        end = time.monotonic() + START_TIMEOUT
        while b"Ray runtime started" not in log.read_bytes():
            assert self.processes[number].poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
