"""Pixels of decoded frames as they are shown: colour, pixel aspect, transparency and orientation.

In: a frame as PyAV decodes it. Out: uint8 RGB [H, W, 3]. Called by `pipelines.media.reader`.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from pipelines.media.formats import MEDIA_ERRORS
from pipelines.media.timing import CorruptFrame

HDR_CURVES = (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)  # PQ and HLG


def read_display_matrix(frame: VideoFrame) -> bytes | None:
    """The display matrix of a frame, 3 x 3 int32 in 16.16 fixed point, which turns it upright; None if it has none.

    Reading it makes a reference cycle that keeps the frame alive, so do it only once per pass.
    """
    data = cast(Mapping, frame.side_data).get(SideData.DISPLAYMATRIX)
    return None if data is None else bytes(data)


def frame_to_rgb(
    frame: VideoFrame,
    *,
    scaler: VideoReformatter,
    aspect: Fraction = Fraction(1),
    matrix: bytes | None = None,
) -> np.ndarray:
    """A decoded frame as it is shown, uint8 RGB [H, W, 3], transparency on white.

    YUV without a colour space is taken as BT.601 up to 576 lines and as BT.709 above, as players do. PQ and HLG are
    tone-mapped.

    Args:
        frame: as decoded.
        scaler: the same for all frames of a pass; for PQ and HLG it holds tables that take seconds to compute.
        aspect: width of a pixel over its height; pixels become square.
        matrix: display matrix, applied last.

    Raises:
        CorruptFrame: the frame can't be converted.
    """
    alpha = any(component.is_alpha for component in frame.format.components)
    try:
        image = _convert(frame, scaler, "rgba" if alpha else "rgb24", aspect).to_ndarray()
    except MEDIA_ERRORS as error:
        raise CorruptFrame(str(error)) from error
    if alpha:
        image = blend_on_white(image)
    return np.ascontiguousarray(image if matrix is None else _turn_upright(image, matrix))


def blend_on_white(image: np.ndarray) -> np.ndarray:
    """Blend uint8 RGBA [H, W, 4] over white -> uint8 RGB [H, W, 3]."""
    colour, alpha = image[..., :3].astype(np.uint16), image[..., 3:].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _convert(frame: VideoFrame, scaler: VideoReformatter, pixel_format: str, aspect: Fraction) -> VideoFrame:
    hdr = frame.color_trc in HDR_CURVES
    return scaler.reformat(
        frame,
        width=max(1, round(frame.width * aspect)),
        format=pixel_format,
        src_colorspace=_choose_colorspace(frame),
        dst_color_range=ColorRange.JPEG,
        dst_color_trc=ColorTrc.IEC61966_2_1 if hdr else None,
        dst_color_primaries=ColorPrimaries.BT709 if hdr else None,
        interpolation="BICUBIC",
    )


def _choose_colorspace(frame: VideoFrame) -> int | None:
    """The colour space of a frame that has none of its own, otherwise None."""
    if frame.colorspace != 2:  # AVCOL_SPC_UNSPECIFIED
        return None
    return Colorspace.ITU709 if frame.height > 576 else Colorspace.ITU601


def _turn_upright(image: np.ndarray, matrix: bytes) -> np.ndarray:
    """Apply the quarter turns and mirrors of the display matrix [[a b u] [c d v] [x y w]] to an image [H, W, 3]."""
    a, b, _, c, d = np.frombuffer(matrix, dtype=np.int32)[:5].astype(np.int64)
    if abs(a) + abs(d) < abs(b) + abs(c):
        image = image.swapaxes(0, 1)  # [H, W, 3] -> [W, H, 3]
        a, d = c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
