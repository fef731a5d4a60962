"""A clip that drives its own first frame, against the true frames, and against copying the first frame.

Both are compared in the square in which the person moves, at the generator's 256x256.

    python -m benchmarks.self_reconstruction CLIP [--frames N] [--keypoints NAME] [--retarget body|fit|none]
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pipelines.animation import animate
from pipelines.configs import AnimateConfig
from pipelines.generation.processors import CANVAS
from pipelines.media.sources import open_video
from pipelines.media.square_crop import SquareCrop


def squares(path: Path, canvas: SquareCrop, frames: int | None) -> Iterator[np.ndarray]:
    """The canvas square of every frame, uint8 [256, 256, 3]."""
    with open_video(path, max_frames=frames) as source:
        for frame in source:
            yield canvas.resize(canvas.cut(frame.image))


def similarity(made: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """PSNR (dB, at most 100) and SSIM of two pictures."""
    equal = bool((made == true).all())
    psnr = 100.0 if equal else float(peak_signal_noise_ratio(true, made, data_range=255))
    return psnr, float(np.asarray(structural_similarity(true, made, channel_axis=-1, data_range=255)))


def main() -> None:
    """Animate, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int)
    parser.add_argument("--keypoints", default="bundled")
    parser.add_argument("--retarget", default="body")
    parser.add_argument("--weights", default="person")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        source, made = Path(name) / "source.png", Path(name) / "frames"
        with open_video(options.clip, max_frames=1) as first:
            cv2.imwrite(str(source), cv2.cvtColor(next(iter(first)).image, cv2.COLOR_RGB2BGR))
        choices = {name: getattr(options, name) for name in ("keypoints", "retarget", "weights")}
        made.mkdir()
        config = AnimateConfig(source, options.clip, output=made, overwrite=True, max_frames=options.frames, **choices)
        left, top, right, bottom = animate(config).canvas
        centre = (left + right - 1) / 2, (top + bottom - 1) / 2
        canvas = SquareCrop.centred(*centre, max(right - left, bottom - top), size=CANVAS)
        true = squares(options.clip, canvas, options.frames)
        still = next(squares(source, canvas, 1))
        rows = [
            (*similarity(m, t), *similarity(still, t)) for m, t in zip(squares(made, canvas, None), true, strict=True)
        ]
    psnr, ssim, psnr_copy, ssim_copy = np.mean(rows[1:], axis=0)
    print(
        f"{options.clip.name}: {len(rows) - 1} frames after the first, square of {canvas.side} px at {CANVAS}x{CANVAS}"
    )
    print(f"made           {psnr:6.2f} dB  SSIM {ssim:.4f}")
    print(f"first frame    {psnr_copy:6.2f} dB  SSIM {ssim_copy:.4f}")


if __name__ == "__main__":
    main()
