"""Looks at one upload with the readers that jobs use, in a process of its own: `python -m gfla_cli.ui.probe KIND FILE`.

Prints one JSON object: what the file is, or why it can't be used. A file that crashes a decoder ends this process only.
"""

import json
import sys
from pathlib import Path
from typing import Any

from models.errors import InputError, explain


def describe_upload(kind: str, path: Path) -> dict[str, Any]:
    """Width, height and, of moving pictures, seconds and frames, each None if it is not known.

    Args:
        kind: "picture", "driving" (a video, a GIF or a pose track) or "background" (a picture or a video).

    Raises:
        InputError: it is something else, or damaged.
    """
    from pipelines.keypoints.loading import is_track, load_track
    from pipelines.media.files import check_readable

    check_readable(path)
    if kind == "driving" and is_track(path):
        track = load_track(path)
        return {"kind": "track", "width": track.width, "height": track.height, "frames": len(track.frames)}
    if kind == "picture" or (kind == "background" and _is_picture(path)):
        return _describe_picture(path)
    return _describe_video(path)


def _describe_picture(path: Path) -> dict[str, Any]:
    from pipelines.media.pictures import load_picture

    height, width, _ = load_picture(path).shape
    return {"kind": "picture", "width": width, "height": height}


def _describe_video(path: Path) -> dict[str, Any]:
    from pipelines.media.containers import is_playlist
    from pipelines.media.sources import open_video

    if is_playlist(path):  # of files on this computer that nobody uploaded
        raise InputError(f"{path} is a playlist: use the video that it names")
    with open_video(path) as video:
        height, width, _ = next(iter(video)).image.shape
        seconds = None if video.info.duration is None else float(video.info.duration)
        return {"kind": "video", "width": width, "height": height, "seconds": seconds, "frames": video.info.frames}


def _is_picture(path: Path) -> bool:
    from pipelines.media.pictures import open_picture

    try:
        open_picture(path)
    except InputError:
        return False
    return True


def main(kind: str, path: Path) -> None:
    """Print what there is to say about the file."""
    try:
        answer = describe_upload(kind, path)
    except Exception as error:
        answer = {"error": " ".join(explain(error).replace(f"{path.parent}/", "").split())[:300]}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
