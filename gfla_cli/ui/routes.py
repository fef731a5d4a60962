"""The addresses of files: uploads in, and uploads, results and sheets out. Nothing else is served.

Every file is found by a number or a token, never by a path; what can't be shown as a picture or a video is a download.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from gfla_cli.ui.places import Place, find_row
from gfla_cli.ui.uploads import NUMBER, Uploads, UploadTooLarge
from models.errors import GflaError, InputError
from pipelines.batch.events import JobRow
from pipelines.batch.thumbnails import make_thumbnails
from pipelines.media.tags import read_record

SHOWN = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
LOCKED = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-cache"}


def make_routes(uploads: Uploads, places: Mapping[str, Place], sheets: Path) -> list[Route]:
    """The routes of a page with these uploads and places of jobs."""

    async def receive(request: Request) -> Response:
        name, kind = unquote(request.headers.get("x-file-name", "")), request.query_params.get("kind", "")
        length = request.headers.get("content-length", "")
        try:
            announced = int(length) if length.isdecimal() else None
            upload = await uploads.receive(name, kind, request.stream(), announced)
        except UploadTooLarge as error:
            return JSONResponse({"error": str(error)}, 413)
        except InputError as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse({"number": upload.number, "name": upload.path.name, **upload.facts})

    async def send_upload(request: Request) -> Response:
        try:
            return _send_file(uploads.find(request.path_params["number"]))
        except InputError as error:
            return JSONResponse({"error": str(error)}, 404)

    async def send_sheet(request: Request) -> Response:
        number = request.path_params["number"]
        path = sheets / f"{number}.png"
        is_there = NUMBER.fullmatch(number) and path.is_file()
        return _send_file(path) if is_there else Response(status_code=404)

    async def send_of_job(request: Request) -> Response:
        place = places.get(request.path_params["place"])
        send = {"result": _send_result, "thumbnail": _send_thumbnail, "report": _send_report}
        what = request.path_params["what"]
        if place is None or what not in send:
            return Response(status_code=404)
        try:
            row = find_row(place, request.path_params["token"])
            return await run_in_threadpool(send[what], place.folder, row)
        except (GflaError, OSError) as error:
            return JSONResponse({"error": str(error)}, 404)

    return [
        Route("/uploads", receive, methods=["POST"]),
        Route("/uploads/{number}", send_upload),
        Route("/sheets/{number}", send_sheet),
        Route("/jobs/{place}/{token}/{what}", send_of_job),
    ]


def _send_file(path: Path, *, name: str | None = None) -> Response:
    """A picture or a video to show; anything else, or with a `name`, as a download."""
    kind = SHOWN.get(path.suffix.lower())
    download = name or (path.name if kind is None else None)
    return FileResponse(path, media_type=kind or "application/octet-stream", filename=download, headers=LOCKED)


def _send_result(folder: Path, row: JobRow) -> Response:
    path = _find_output(folder, row)
    return _send_file(path)


def _send_thumbnail(folder: Path, row: JobRow) -> Response:
    _find_output(folder, row)
    data = make_thumbnails(folder, [row]).get(row["name"], b"")
    headers = LOCKED | {"Cache-Control": "private, max-age=3600"}
    return Response(data, 200 if data else 404, headers=headers, media_type="image/jpeg")


def _send_report(folder: Path, row: JobRow) -> Response:
    """What `gfla animate --json` says about the result; `gfla rerun` reads it."""
    path = _find_output(folder, row)
    about = {"output": str(path), "record": read_record(path)}
    text = json.dumps(about | {name: row[name] for name in ("command", "frames", "seconds", "warnings")}, indent=2)
    name = f"{path.stem}.json".encode("ascii", "replace").decode().replace('"', "_")
    headers = LOCKED | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text + "\n", headers=headers, media_type="application/json")


def _find_output(folder: Path, row: JobRow) -> Path:
    """The output of a job that is done, a file inside the folder. Raises InputError."""
    path = (folder / row["output"]).resolve()
    if row["state"] != "done" or not path.is_file() or not path.is_relative_to(folder.resolve()):
        raise InputError("there is no such file")
    return path
