"""Train the motion network, which cleans detected poses, for a minute on the CPU, and watch its error fall.

python examples/train_for_a_minute.py FOLDER [SECONDS]
"""

import json
from dataclasses import replace
from pathlib import Path

from pipelines.runtime.progress import SILENT
from pipelines.training.config import TrainConfig
from pipelines.training.engine.recipe import fit
from pipelines.training.registry import find_training


def main(folder: str, seconds: str = "60") -> None:
    training = find_training("motion", configuration="", data="synthetic")  # rendered people: no data set is needed
    recipe = replace(training.recipe, validation_windows=32)
    # With init="motion" it would continue from the bundled weights, which trained for much longer.
    length = {"seconds": float(seconds), "warmup": 20, "validate_every": 40}
    weights = fit(training.make_task, recipe, TrainConfig(Path(folder), batch=16, device="cpu", **length), SILENT)
    for line in (Path(folder) / "log.jsonl").read_text().splitlines():
        report = json.loads(line)
        if report["kind"] == "validation":
            print(f"step {report['step']}: joints are off by {report['error']:.1f} pixels of 256")
    print(f"try it: gfla animate photo.jpg dance.mp4 --motion {weights}")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
