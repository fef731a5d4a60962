"""Put the person in a picture into the poses of other pictures, or of pose files.

python examples/transfer_pose.py SOURCE OUTPUT TARGET...
"""

from pathlib import Path

from pipelines import PoseConfig, transfer_pose


def main(source: str, output: str, *targets: str) -> None:
    config = PoseConfig(
        source=Path(source),
        targets=tuple(map(Path, targets)),  # pictures, pose files, or folders of either
        output=Path(output),  # a picture for one target; for several a folder, or a pattern such as %02d.png
        keypoints="bundled",
        frame="crop",  # only the square that the generator works on; "full" keeps the picture's framing
        overwrite=True,
    )
    result = transfer_pose(config)
    for number, name in enumerate(result.poses, 1):
        print(f"picture {number} has the pose of {name}")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
