"""Filling holes where people were: the plate network and other ways, on rendered places that no training has seen.

PSNR (dB) and SSIM inside the hole, means over the pictures: of the plate network, of the push-pull filling that it
starts from, and of OpenCV's inpainting after Telea and with Navier-Stokes. The pictures are the same on every run on
one kind of device. The earlier generator, which painted the background anew in every frame, can't be compared: today's
makes the person alone. With --pictures and --masks (of the same names, PNG) photos are filled as well; a sheet of each
shows the picture, the hole and all fillings.

    python -m benchmarks.plate_filling [--number N] [--device NAME] [--weights NAME|FILE]
        [--pictures FOLDER --masks FOLDER --output FOLDER]
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.plate import PlateNetwork
from models.weights import load_weights
from pipelines.compositing.paste import side_by_side
from pipelines.compositing.plate import fill_plate
from pipelines.runtime.devices import choose_device
from pipelines.training.plate.data import Pictures, Recipe, draw_pictures
from pipelines.training.plate.validation import fill_smoothly, measure

SIZE = 256  # pixels of the rendered pictures
AT_ONCE = 8
SEED = 77003  # neither training nor its validation draws from it
RADIUS = 5  # pixels around a hole's pixel that OpenCV's methods read
SEEN = 0.02  # a mask from which on a pixel shows something of the person
MARGIN = 4 / 512  # by which the hole of a photo is wider than the mask, as a share of the picture's longer side
SHEET_HEIGHT = 960  # pixels
MARK = (255, 0, 255)  # RGB of the hole

Paint = Callable[[np.ndarray, np.ndarray], np.ndarray]  # uint8 RGB [H, W, 3] and hole float32 [H, W] -> uint8 RGB


def inpaint(picture: np.ndarray, hole: np.ndarray, method: int) -> np.ndarray:
    """OpenCV's inpainting of a picture uint8 RGB [H, W, 3]."""
    return cv2.inpaint(picture, (hole > 0).astype(np.uint8), RADIUS, method)


def push_pull_picture(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The push-pull filling of a picture uint8 RGB [H, W, 3]."""
    image, share = to_tensor(picture), torch.from_numpy(hole)[None, None]
    return to_picture(fill_smoothly(image, share)[0])


CLASSICAL: dict[str, Paint] = {
    "push-pull": push_pull_picture,
    "Telea": partial(inpaint, method=cv2.INPAINT_TELEA),
    "Navier-Stokes": partial(inpaint, method=cv2.INPAINT_NS),
}


def to_tensor(picture: np.ndarray) -> Tensor:
    """uint8 RGB [H, W, 3] -> [1, 3, H, W] in [-1, 1]."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1


def to_picture(image: Tensor) -> np.ndarray:
    """[3, H, W] in [-1, 1] -> uint8 RGB [H, W, 3]."""
    return ((image.cpu() + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()


def render(number: int, device: torch.device) -> Iterator[Pictures]:
    """Unseen pictures with holes, a few at a time."""
    generator = torch.Generator(device).manual_seed(SEED)
    for start in range(0, number, AT_ONCE):
        yield draw_pictures(Recipe(), AT_ONCE, SIZE, generator)[: number - start]


def paint_all(paint: Paint, pictures: Pictures) -> Tensor:
    """Every picture filled [B, 3, H, W]."""
    pairs = zip(pictures.image, pictures.hole, strict=True)
    filled = [to_tensor(paint(to_picture(image), hole[0].cpu().numpy())) for image, hole in pairs]
    return torch.cat(filled).to(pictures.image.device)


def measure_rendered(network: PlateNetwork, number: int, device: torch.device) -> dict[str, dict[str, float]]:
    """PSNR and SSIM of every way to fill a hole."""
    scores: dict[str, list[dict[str, Tensor]]] = {}
    for pictures in render(number, device):
        scores.setdefault("plate", []).append(measure(network(pictures.image, pictures.hole), pictures))
        for name, paint in CLASSICAL.items():
            scores.setdefault(name, []).append(measure(paint_all(paint, pictures), pictures))
    return {
        name: {key: float(torch.cat([part[key] for part in parts]).mean()) for key in parts[0]}
        for name, parts in scores.items()
    }


def make_hole(mask: np.ndarray) -> np.ndarray:
    """The hole float32 [H, W] of a person's mask uint8 [H, W]."""
    margin = max(2, round(MARGIN * max(mask.shape)))
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return cv2.dilate((mask > SEEN * 255).astype(np.uint8), ellipse).astype(np.float32)


def write_sheets(network: PlateNetwork, pictures: Path, masks: Path, output: Path) -> None:
    """One sheet for every picture that has a mask of the same name."""
    output.mkdir(parents=True, exist_ok=True)
    ways: dict[str, Paint] = {"plate": partial(fill_plate, network=network), **CLASSICAL}
    for path in sorted(pictures.iterdir()):
        if not (masks / f"{path.stem}.png").is_file():
            continue
        mask = np.array(Image.open(masks / f"{path.stem}.png").convert("L"))
        picture = np.array(Image.open(path).convert("RGB"))
        hole = make_hole(mask)
        marked = picture.copy()
        marked[hole > 0] = MARK
        made = [paint(picture, hole) for paint in ways.values()]
        sheet = side_by_side([picture, marked, *made], height=min(SHEET_HEIGHT, len(picture)))
        Image.fromarray(sheet).save(output / f"{path.stem}.png")
        print(f"{path.name}: picture, hole, {', '.join(ways)}", flush=True)


@torch.inference_mode()
def main() -> None:
    """Render, fill and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--weights", default="plate")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--masks", type=Path)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    folders = options.pictures, options.masks, options.output
    if any(folders) and not all(folders):
        parser.error("--pictures, --masks and --output go together")
    device = choose_device(options.device)
    network = load_weights(options.weights, device=device, expect="plate")
    assert isinstance(network, PlateNetwork)
    if options.number:
        print(f"{options.number} rendered pictures, {SIZE}x{SIZE}, {device.type}")
        for name, numbers in measure_rendered(network, options.number, device).items():
            print(f"{name:14} {numbers['psnr']:6.2f} dB  SSIM {numbers['ssim']:.4f}", flush=True)
    if all(folders):
        write_sheets(network, *folders)


if __name__ == "__main__":
    main()
