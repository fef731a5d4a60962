"""Animate the person in a picture with a driving video.

python examples/animate_picture.py SOURCE DRIVING OUTPUT [MAX_FRAMES]
"""

import sys
from pathlib import Path

from pipelines import AnimateConfig, animate


class PrintedProgress:
    """Prints what the pipeline is doing; any object with these three methods will do."""

    def stage(self, name: str, total: int | None) -> None:
        print(f"{name} ({total or 'unknown number of'} frames)")

    def advance(self, n: int = 1) -> None:
        pass

    def note(self, message: str) -> None:
        print(message)


def main(source: str, driving: str, output: str, max_frames: str | None = None) -> None:
    config = AnimateConfig(
        source=Path(source),
        driving=Path(driving),
        output=Path(output),  # .mp4, .mov, .webm, .gif, or a pattern such as frames/%05d.png
        keypoints="bundled",
        max_frames=int(max_frames) if max_frames else None,
        overwrite=True,
    )
    result = animate(config, PrintedProgress())
    print(f"{result.output}: {result.frames} frames, {result.missing_frames} of them without a person")


if __name__ == "__main__":
    main(*sys.argv[1:])
