"""Find the person in every frame of a video and print where the wrists go.

python examples/extract_keypoints.py VIDEO [MAX_FRAMES]
"""

import sys
from collections.abc import Iterator

import numpy as np

from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.layouts import COCO17_NAMES
from pipelines.keypoints.tracking import fill_gaps, select_person
from pipelines.media.sources import open_video

WRISTS = [COCO17_NAMES.index(f"{side}_wrist") for side in ("left", "right")]


def main(video: str, max_frames: str = "100") -> None:
    extractor = create_detector("bundled")
    times: list[float] = []
    with open_video(video, max_frames=int(max_frames)) as source:

        def images() -> Iterator[np.ndarray]:
            for frame in source:
                times.append(float(frame.pts * source.info.time_base))
                yield frame.image

        people = list(extractor.track(images()))  # one array [P, 17, 3] per frame
    points, gaps = fill_gaps(select_person(people))  # [T, 17, 3]: x, y in pixels, confidence
    print(f"{gaps.frames} frames, {gaps.missing_frames} without a person")
    for seconds, pose in zip(times, points, strict=True):
        left, right = (f"({x:.0f}, {y:.0f})" for x, y, _ in pose[WRISTS])
        print(f"{seconds:6.2f} s  left wrist {left}  right wrist {right}")


if __name__ == "__main__":
    main(*sys.argv[1:])
