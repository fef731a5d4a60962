"""The page of `gfla ui`, served from this process."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("gradio", reason="the extra ui is missing")
from gfla_cli.ui.desk import Desk
from gfla_cli.ui.server import bind, make_app, make_server, open_desk, url_of


@dataclass(frozen=True)
class ServedPage:
    """A page, what is behind it, and where it is."""

    desk: Desk
    url: str
    port: int

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of an answer; `body` may be an iterable of pieces."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    def upload(self, name: str, body: Any, kind: str = "picture") -> tuple[int, dict[str, Any]]:
        """Status and answer of an upload."""
        headers = {"X-File-Name": quote(name, errors="surrogatepass")}
        status, data, _ = self.request("POST", f"/uploads?kind={kind}", body, headers)
        return status, json.loads(data)


@contextmanager
def serve_page(folder: Path, *, max_upload: int = 5_000_000, batch: Path | None = None) -> Iterator[ServedPage]:
    """The page with its jobs in `folder`, on a free port of this computer."""
    with bind("127.0.0.1", 0) as bound, open_desk(folder, max_upload, batch) as desk:
        server = make_server(make_app(desk, "127.0.0.1"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        try:
            yield ServedPage(desk, url_of(bound, "127.0.0.1"), bound.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(10)
