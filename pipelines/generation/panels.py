"""Pictures in a row, each with a title and a legend above it; for `--compare` and `--debug`."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from pipelines.compositing.paste import side_by_side

Colour = tuple[int, int, int]
Legend = Sequence[tuple[str, Colour]]  # lines of text in their colours

WHITE, GREY = (255, 255, 255), (24, 24, 24)
LINE, MIN_LINE = 1 / 20, 14  # height of a line of text: share of the panels' height, and at least so many pixels
CAPITAL = 21.0  # height in pixels of capital letters of OpenCV's font at scale 1


def title_panels(
    panels: Mapping[str, np.ndarray], *, height: int, legends: Mapping[str, Legend] | None = None
) -> np.ndarray:
    """Panels side by side with their titles above them.

    Args:
        panels: title -> picture uint8 RGB [H, W, 3]; scaled to a common height.
        height: of the panels without their titles, in pixels.
        legends: title -> further lines.

    Returns:
        uint8 RGB [h + height, sum of the widths, 3]; the last `height` rows are the panels.
    """
    texts = {title: ((title, WHITE), *(legends or {}).get(title, ())) for title in panels}
    line = 2 * round(max(MIN_LINE, height * LINE) / 2)
    rows = max(map(len, texts.values()))
    columns = []
    for title, picture in panels.items():
        scaled = side_by_side([picture], height=height)
        bar = np.full((rows * line, scaled.shape[1], 3), GREY, np.uint8)
        for row, (text, colour) in enumerate(texts[title]):
            _write(bar[row * line : (row + 1) * line], text, colour)
        columns.append(np.concatenate([bar, scaled]))
    return np.concatenate(columns, 1)


def _write(place: np.ndarray, text: str, colour: Colour) -> None:
    """Text into a place uint8 [H, W, 3], as large as it fits."""
    height, width = place.shape[:2]
    scale = 0.55 * height / CAPITAL
    (needed, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    scale *= min(1.0, 0.94 * width / needed)
    origin = round(0.03 * width), round(0.75 * height)
    thickness = max(1, round(height / 30))
    cv2.putText(place, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)
