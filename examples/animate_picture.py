"""Animate the person in a picture with a driving video.

python examples/animate_picture.py SOURCE DRIVING OUTPUT [MAX_FRAMES]
"""

from pathlib import Path

from pipelines import AnimateConfig, animate
from pipelines.runtime.progress import TqdmProgress


def main(source: str, driving: str, output: str, max_frames: str | None = None) -> None:
    config = AnimateConfig(
        source=Path(source),
        driving=Path(driving),
        output=Path(output),  # .mp4, .mov, .webm, .gif, or a pattern such as frames/%05d.png
        keypoints="bundled",  # the default "auto" prefers YOLO, and downloads its weights
        max_frames=int(max_frames) if max_frames else None,
        overwrite=True,
    )
    with TqdmProgress() as progress:  # or any object with the methods stage, advance and note
        result = animate(config, progress)
    print(f"{result.output}: {result.frames} frames, {result.missing_frames} of them without a person")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
