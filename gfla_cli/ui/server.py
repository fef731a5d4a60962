"""Serves the page: one process, one port, nothing but what `guard` lets through.

In: folders and limits. Out: a server that runs until it is interrupted. Called by `gfla ui`.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from ipaddress import ip_address
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from gfla_cli.ui.desk import Desk
from gfla_cli.ui.guard import Guard
from gfla_cli.ui.page import build_page, page_options
from gfla_cli.ui.places import BatchPlace, make_queue
from gfla_cli.ui.routes import make_routes
from models.errors import InputError

SHUTDOWN_SECONDS = 1  # for open pages, which would wait for ever
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@contextmanager
def open_desk(folder: Path, max_upload: int, batch: Path | None = None) -> Iterator[Desk]:
    """The desk of a page whose jobs are in `folder`; its queue runs until the block ends.

    Raises:
        InputError: another process uses the folder, it is not writable, or `batch` is no folder of a batch.
    """
    if batch is not None and batch.resolve() == folder.resolve():
        raise InputError(f"{batch} is the folder of the page itself: leave it out")
    place = BatchPlace(batch) if batch else None
    with make_queue(folder) as queue:
        try:
            yield Desk(queue, max_upload, place)
        finally:
            if place is not None:
                place.close()


def make_app(desk: Desk, host: str) -> ASGIApp:
    """The application that shows the page of a desk to those who reach it under `host`."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.router.routes.extend(make_routes(desk.uploads, desk.places, desk.sheets))
    page = build_page(desk)
    page.has_launched = True  # without it, Gradio does not check paths
    quiet = {"ssr_mode": False, "pwa": False, "mcp_server": False, "run_history": False, "enable_monitoring": False}
    gr.mount_gradio_app(app, page, path="/", max_file_size=1, show_error=False, **quiet, **page_options())
    return Guard(app, {host, *LOCAL_NAMES} if is_local(host) else None)


def is_local(host: str) -> bool:
    """Whether only this computer reaches a server that is bound to `host`."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> socket.socket:
    """A socket on which the page can be served. Raises InputError: the port is taken, or there is no such host."""
    try:
        ((family, _, _, _, address), *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise InputError(f"--host {host!r:.60} is no address of this computer: {error.strerror or error}") from None
    try:
        if os.name == "posix":  # elsewhere it would let two processes share the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except (OSError, OverflowError) as error:
        bound.close()
        raise InputError(f"port {port} of {host} is taken or not allowed: choose another with --port") from error
    return bound


def url_of(bound: socket.socket, host: str) -> str:
    """Where a browser on this computer finds the page."""
    name = "127.0.0.1" if host in ("0.0.0.0", "") else "[::1]" if host == "::" else f"[{host}]" if ":" in host else host
    return f"http://{name}:{bound.getsockname()[1]}"


def make_server(app: ASGIApp) -> uvicorn.Server:
    """A server of the application; `run(sockets=[...])` returns when it is told to end."""
    level = "error" if os.environ.get("GFLA_DEBUG") == "1" else "critical"  # a page that is open at the end is no error
    options = {"log_level": level, "access_log": False, "timeout_graceful_shutdown": SHUTDOWN_SECONDS}
    return uvicorn.Server(uvicorn.Config(app, lifespan="on", ws="none", server_header=False, **options))


def serve(app: ASGIApp, bound: socket.socket) -> None:
    """Serve until Ctrl-C."""
    with closing(bound):
        make_server(app).run(sockets=[bound])
