"""Train the motion network, which cleans detected poses, for a minute on the CPU, and watch its error fall.

A minute is enough to learn what to do about a detector that only jitters. The bundled weights know all errors.

python examples/train_for_a_minute.py FOLDER [SECONDS]
"""

import json
from dataclasses import replace
from pathlib import Path

from pipelines.runtime.progress import SILENT
from pipelines.training.config import TrainConfig
from pipelines.training.engine.recipe import fit
from pipelines.training.registry import find_training

OTHERS = ("drift", "bias", "swapped_clips", "lost_clips", "outlier_rate", "merged_clips", "blank_clips", "cut_clips")


def main(folder: str, seconds: str = "60") -> None:
    training = find_training("motion", configuration="", data="synthetic")  # rendered people: no data set is needed
    errors = replace(training.recipe.errors, jitter=0.015, **dict.fromkeys(OTHERS, 0.0))
    recipe = replace(training.recipe, frames=24, validation_windows=32, errors=errors)
    # With init="motion" it would continue from the bundled weights, which trained for much longer.
    length = {"seconds": float(seconds), "warmup": 10, "validate_every": 20, "average": 0.9, "learning_rate": 3e-3}
    weights = fit(training.make_task, recipe, TrainConfig(Path(folder), batch=16, device="cpu", **length), SILENT)
    for line in (Path(folder) / "log.jsonl").read_text().splitlines():
        report = json.loads(line)
        if report["kind"] == "validation":
            print(f"step {report['step']}: joints jitter by {report['velocity_error']:.2f} pixels of 256 per frame")
    print(f"try it: gfla animate photo.jpg dance.mp4 --motion {weights}")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
