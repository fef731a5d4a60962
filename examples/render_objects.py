"""Render the example objects car.png and chair.png: python examples/render_objects.py FOLDER [SIZE]"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models.turning import Camera
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.film import Film

OBJECTS = {"car": (29, 40.0), "chair": (1, 325.0)}  # seed, azimuth
AWAY = 1.8  # diagonals of the object to the camera, about as photographers stand


def still(category: str, size: int) -> np.ndarray:
    """An object on white, uint8 [size, size, 3]."""
    seed, azimuth = OBJECTS[category]
    objects = sample_objects(category=category, batch=1, generator=torch.Generator().manual_seed(seed))
    objects = replace(objects, film=Film.plain(1, torch.device("cpu")))
    camera = Camera.usual(torch.tensor([[azimuth]]), torch.zeros(1, 1), AWAY)
    image = render(objects, camera, size=size).images[0, 0]
    return ((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()


def main(folder: str, size: str = "512") -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for category in OBJECTS:
        Image.fromarray(still(category, int(size))).save(Path(folder) / f"{category}.png", optimize=True)


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
