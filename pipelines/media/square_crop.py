"""Square crops, as the keypoint network takes them; see `pipelines.media.canvas_crop`.

S: side of the square in image pixels; s: side of the canvas in pixels.
"""

from pipelines.media.canvas_crop import CanvasCrop


class SquareCrop(CanvasCrop):
    """A square of an image, `left`, `top` and `side` in image pixels, and its canvas of `size` pixels."""

    def __init__(self, left: int, top: int, side: int, size: int) -> None:
        super().__init__(left, top, side, side, size, size)

    @classmethod
    def centred(cls, x: float, y: float, side: float, *, size: int) -> "SquareCrop":
        """The square of whole pixels nearest to a centre and side in image pixels; size: s."""
        pixels = max(round(side), 2)
        return cls(round(x - (pixels - 1) / 2), round(y - (pixels - 1) / 2), pixels, size)

    @property
    def side(self) -> int:
        """S."""
        return self.width

    @property
    def size(self) -> int:
        """s."""
        return self.columns

    @property
    def centre(self) -> tuple[float, float]:
        """x, y of the square's centre in image pixels."""
        return self.left + (self.side - 1) / 2, self.top + (self.side - 1) / 2
