"""Outputs of view synthesis: a turntable video or GIF, numbered pictures, or a contact sheet.

Views go in, one after the other; a file or a folder comes out. Called by `pipelines.view_synthesis`.
S: side of the views, uint8 RGB [S, S, 3], or [S, S, 4] with opacity.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipelines.compositing.paste import contact_sheet
from pipelines.media.stills import check_stills, is_still, write_stills
from pipelines.media.tags import Tags
from pipelines.media.writer import check_video_output, open_output
from pipelines.object_views.source import SIDE

SECONDS_PER_TURN = 3
SHEET_COLUMNS = 6


def check_view_output(path: Path, *, transparent: bool, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Raises InputError if `write_views` would refuse the output."""
    options = {"transparent": transparent, "overwrite": overwrite, "inputs": inputs}
    if is_still(path):
        check_stills(path, count=1, **options)
    else:
        check_video_output(path, **options)


def write_views(
    path: Path,
    views: Iterable[np.ndarray],
    *,
    count: int,
    transparent: bool,
    overwrite: bool,
    threads: int | None,
    tags: Tags | None = None,
) -> list[str]:
    """Write `count` views as they come; the output appears under its name when all are there.

    A video or GIF takes three seconds for all views.

    Args:
        transparent: whether the views have four channels.
        threads: of the video encoder, None for as many as there are cores.
        tags: metadata of the output.

    Returns:
        One-line notes for the user.

    Raises:
        InputError: see `check_view_output`.
        ProcessingError: the disk is full.
    """
    if is_still(path):
        write_stills(path, [view_sheet(list(views))], overwrite=overwrite, tags=tags)
    else:
        rate = Fraction(count, SECONDS_PER_TURN)
        size = {"width": SIDE, "height": SIDE, "time_base": 1 / rate, "rate": rate}
        options = {"transparent": transparent, "overwrite": overwrite, "threads": threads, "tags": tags}
        with open_output(path, **size, **options) as writer:
            for number, view in enumerate(views):
                writer.write(view, number)
        return writer.notes
    return []


def view_sheet(views: Sequence[np.ndarray]) -> np.ndarray:
    """Views [S, S, C] in rows of at most 6 -> [rows * S, columns * S, C].

    The end of a short last row is white, or transparent if the views have opacity.
    """
    blank = 255 if views[0].shape[2] == 3 else 0
    return contact_sheet(views, min(len(views), SHEET_COLUMNS), blank=blank)
