"""Render a sheet of the objects that training sees: python examples/render_object_sheet.py FOLDER [COLUMNS] [SIZE]

Writes objects.webp: two rows for each class, each object from another camera.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.cameras import sample_cameras
from pipelines.synthetic.objects.classes import ALL_CLASSES

ROWS = 2  # of each class


def main(folder: str, columns: str = "10", size: str = "128") -> None:
    """`size` is that of one picture."""
    count, side = int(columns), int(size)
    rows = []
    for category in ALL_CLASSES:
        generator = torch.Generator().manual_seed(16)
        objects = sample_objects(category=category, batch=ROWS * count, generator=generator)
        views = render(objects, sample_cameras(ROWS * count, 1, generator), size=side)
        pictures = (views.images[:, 0] + 1).mul(127.5).round().byte().permute(0, 2, 3, 1)
        rows.append(pictures.view(ROWS, count, side, side, 3).transpose(1, 2).reshape(ROWS * side, count * side, 3))
    Path(folder).mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(torch.cat(rows).numpy())).save(Path(folder) / "objects.webp", quality=80)


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
