"""Follow the person in a video, save the poses, and print where the wrists are.

The saved track can be used in place of the video: by `animate`, and by anything else that reads JSON.

python examples/extract_keypoints.py VIDEO OUTPUT.json [MAX_FRAMES]
"""

from pathlib import Path

from pipelines import KeypointsConfig, extract_keypoints
from pipelines.keypoints.layouts import COCO17_NAMES

WRISTS = [COCO17_NAMES.index(f"{side}_wrist") for side in ("left", "right")]


def main(video: str, output: str, max_frames: str = "100") -> None:
    config = KeypointsConfig(
        input=Path(video), output=Path(output), keypoints="bundled", max_frames=int(max_frames), overwrite=True
    )
    result = extract_keypoints(config)
    print(result.line())
    for frame in result.track.frames:
        seconds = float(frame.pts * result.track.time_base)
        (pose,) = frame.people  # [17, 3]: x and y in pixels, confidence in 0..1
        left, right = (f"({x:.0f}, {y:.0f})" for x, y, _ in pose[WRISTS])
        print(f"{seconds:6.2f} s  left wrist {left}  right wrist {right}")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
