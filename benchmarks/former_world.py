"""A generator on held-out clips of the former rendered world, whose people were made of round cones.

The clips are files in `former_world_clips`: the first 16 of `animation.validation.render_held_out` at 256x256, as they
were drawn on a CPU before that world was removed. The plates are filled in by the bundled plate network, as while
training. Weights whose structure maps have details get none, unless `--details` is given.

    python -m benchmarks.former_world [WEIGHTS] [--clips N] [--details] [--device NAME]
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.animate_validation import judge_all, print_numbers
from models.fold import prepare_for_inference
from models.joints import DETAIL_POINTS
from models.layer import premultiply
from models.weights import load_weights
from pipelines.media.sources import open_video
from pipelines.media.tensors import image_to_tensor
from pipelines.runtime.devices import choose_device
from pipelines.runtime.progress import SILENT
from pipelines.training.animation.plates import Fill, choose_fill, estimate_plate
from pipelines.training.animation.validation import FRAMES, HeldOutClips

FOLDER = Path(__file__).with_name("former_world_clips")
CLIPS = 16


def read_clips(count: int = CLIPS, *, device: torch.device, fill: Fill, details: bool = False) -> HeldOutClips:
    """The first `count` clips.

    fill: makes the plates; see `plates.choose_fill`. details: whether hands, feet and depths are known.
    """
    images = _read_video("frames.mp4", count)
    mask, shadow = (_read_video(f"{name}.mp4", count)[:, :, :1] / 2 + 0.5 for name in ("mask", "shadow"))
    source = torch.stack([_read_layer(FOLDER / f"source_{index:02}.png") for index in range(count)])
    with np.load(FOLDER / "joints.npz") as file:
        joints = {name: torch.from_numpy(file[name][:count]) for name in file.files}
    if not details:
        unknown = ("details", "coco_depth", "h36m_depth")
        joints |= {name: torch.full_like(joints[name], torch.nan) for name in unknown}
    fingers = DETAIL_POINTS - joints["details"].shape[2]  # which that world did not have
    joints["details"] = F.pad(joints["details"], (0, 0, 0, fingers), value=torch.nan)
    values = {"images": images, "source": source, "mask": mask, "shadow": shadow, **joints}
    values = {name: value.to(device) for name, value in values.items()}
    plate = estimate_plate(values["images"][:, 0], values["source"][:, 3:], values["shadow"][:, 0], fill)
    return HeldOutClips(plate=plate, **values)


def _read_video(name: str, clips: int) -> Tensor:
    """[clips, T, 3, H, W] in [-1, 1]."""
    with open_video(FOLDER / name, max_frames=clips * FRAMES) as frames:
        images = np.stack([frame.image for frame in frames])
    return image_to_tensor(images).unflatten(0, (clips, FRAMES))


def _read_layer(path: Path) -> Tensor:
    """The RGBA [4, H, W] of a person, whose colours the file has straight."""
    with Image.open(path) as picture:
        image = image_to_tensor(np.asarray(picture))
    return premultiply(image[:3], image[3:] / 2 + 0.5)


@torch.inference_mode()
def main() -> None:
    """Read, generate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?", default="person", metavar="WEIGHTS")
    parser.add_argument("--clips", type=int, default=CLIPS, help="at most 16")
    parser.add_argument("--details", action="store_true", help="give the points of hands and feet, and the depths")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    device = choose_device(options.device)
    model = prepare_for_inference(load_weights(options.weights, device=device, expect="animation"))
    clips = read_clips(options.clips, device=device, fill=choose_fill(device, SILENT), details=options.details)
    print_numbers(f"{options.weights}, clips of the former world", clips, judge_all(model, clips))


if __name__ == "__main__":
    main()
