"""Make the face in a picture talk like the one in a video, with landmarks that you have already.

Landmarks are text files with 68 lines x,y: one file for the picture, and a folder with one file per frame of the video.
Leave out both options and they are found. WEIGHTS is the bundled `face`, or a file of your own.

python examples/animate_face.py SOURCE SOURCE_LANDMARKS DRIVING DRIVING_LANDMARKS WEIGHTS OUTPUT
"""

from pathlib import Path

from pipelines import FaceConfig, animate_face


def main(source: str, source_landmarks: str, driving: str, driving_landmarks: str, weights: str, output: str) -> None:
    config = FaceConfig(
        source=Path(source),
        driving=Path(driving),
        output=Path(output),
        source_landmarks=Path(source_landmarks),
        landmarks=Path(driving_landmarks),
        weights=weights,  # a name of `gfla weights list`, or a file
        overwrite=True,
    )
    result = animate_face(config)
    left, top, right, bottom = result.canvas
    print(f"{result.frames} frames; the face is in columns {left} to {right} and rows {top} to {bottom}")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
