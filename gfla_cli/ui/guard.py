"""What stands before every request: only our own page may call, and only what it needs exists.

An ASGI application around another one. Gradio has many more addresses than this page uses, among them some that fetch
files by name or by URL; whatever is not listed here is answered with 404. Its events may contain files as well, which
it would copy or download for any field: they are refused. The policy of the page forbids the browser to load anything
from another host.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATHS = ("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/uploads")
PATHS += tuple(
    f"/gradio_api/{name}" for name in ("startup-events", "queue/join", "queue/data", "run/predict", "cancel", "reset")
)
FOLDERS = ("/assets/", "/static/", "/uploads/", "/jobs/", "/sheets/", "/gradio_api/heartbeat/")
UPLOAD = "/uploads"
FILE_KEYS = frozenset(("path", "url", "meta"))  # of a file in an event
MAX_EVENT = 2**20  # bytes of a request that is no upload
OURS = "'self' data: blob:"
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's templates are functions made of text
        "style-src 'self' 'unsafe-inline'",
        f"img-src {OURS}",
        f"media-src {OURS}",
        "font-src 'self' data:",
        "connect-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'none'",
    )
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Passes on what the page may ask for.

    Args:
        app: the application behind it.
        hosts: names under which the page is reached; None for any. On this computer alone there are few, so that a
            site whose name leads here gets nothing.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        if refusal := self._refuse(scope["method"], scope["path"], headers):
            await PlainTextResponse(refusal[1], refusal[0], HEADERS)(scope, receive, send)
            return

        if scope["method"] not in ("GET", "HEAD") and scope["path"] != UPLOAD:
            body = await _receive_all(receive)
            if _names_files(body):
                await PlainTextResponse("this page takes no such values", 400, HEADERS)(scope, receive, send)
                return
            receive = _replay(body, receive)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                _add(answer, HEADERS)
                if "content-security-policy" not in answer:
                    answer["Content-Security-Policy"] = POLICY
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _refuse(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Status and reason, if the request is refused."""
        host = headers.get("host", "")
        if self.hosts is not None and _host_name(host) not in self.hosts:
            return 403, f"{host!r:.60} is not a name of this page"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "another site can't use this page"
        if path not in PATHS and not _is_inside(path, FOLDERS):
            return 404, "there is nothing here"
        if method not in ("GET", "HEAD") and path != UPLOAD:
            if not headers.get("content-length", "").isdecimal():
                return 411, "the length is missing"
            if int(headers["content-length"]) > MAX_EVENT:
                return 413, "too large"
        return None


async def _receive_all(receive: Receive) -> bytes:
    """The body of a request whose length has been checked."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body again, then what else there is to receive."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _names_files(body: bytes) -> bool:
    """Whether an event has a value that Gradio would take for a file; our fields never have one."""
    try:
        waiting = [json.loads(body or b"null")]
    except (ValueError, RecursionError):
        return True
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if not FILE_KEYS.isdisjoint(value):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_inside(path: str, folders: Iterable[str]) -> bool:
    return ".." not in path.split("/") and any(path.startswith(folder) for folder in folders)


def _add(headers: MutableHeaders, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        headers[name] = value
