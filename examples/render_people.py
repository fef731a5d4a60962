"""Render sheets of the people that training sees: python examples/render_people.py FOLDER [PEOPLE] [SIZE]

Writes people.webp (three frames of each person), faces.webp and hands.webp.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_clip

TIMES = (4, 40, 80)  # frames
CLOSER = 3  # times as large as in the sheet of people, hands are
MARGIN = 0.6  # beside a hand, in parts of its size
COLUMNS = 6


def render(config: ClipConfig, people: int, times: tuple[int, ...]) -> Clip:
    """Clips of people, always the same ones."""
    generator, frames = torch.Generator().manual_seed(16), torch.tensor([times] * people)
    if isinstance(config, HeadClipConfig):
        return sample_head_clip(config, batch=people, times=frames, generator=generator)
    return sample_clip(config, batch=people, times=frames, generator=generator)


def cut_hand(clip: Clip, person: int, size: int) -> Tensor:
    """The hand of which most is visible, in a square [3, size, size]."""
    seen = clip.hands_visible[person].sum(-1).flatten()  # [T * 2]
    points = clip.hands[person].flatten(0, 1)[seen.argmax()]  # [21, 2]
    low, high = points.amin(0), points.amax(0)
    half = float((high - low).max()) * (0.5 + MARGIN)
    (x, y), limit = ((low + high) / 2).tolist(), clip.images.shape[-1] - 2 * half
    left, top = (round(min(max(place - half, 0), limit)) for place in (x, y))
    image = clip.images[person, int(seen.argmax()) // 2]
    square = image[None, :, top : top + round(2 * half), left : left + round(2 * half)]
    return torch.nn.functional.interpolate(square, size=(size, size), mode="bicubic", antialias=True)[0].clamp(-1, 1)


def write_sheet(path: Path, images: list[Tensor], columns: int) -> None:
    """Pictures [3, H, W] in [-1, 1], `columns` beside each other."""
    empty = [torch.ones_like(images[0])] * (-len(images) % columns)
    rows = [torch.cat((images + empty)[start : start + columns], 2) for start in range(0, len(images), columns)]
    sheet = ((torch.cat(rows, 1) + 1) * 127.5).round().byte().permute(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(sheet.numpy())).save(path, quality=80)


def main(folder: str, people: str = "12", size: str = "192") -> None:
    """Sizes are those of one picture."""
    count, side, target = int(people), int(size), Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    bodies = render(ClipConfig(height=side, width=side, shadow=0.8, athletic=0.3), count, TIMES)
    write_sheet(target / "people.webp", list(bodies.images.flatten(0, 1)), 2 * len(TIMES))
    heads = render(HeadClipConfig(height=side, width=side), count, TIMES[:1])
    write_sheet(target / "faces.webp", list(heads.images[:, 0]), COLUMNS)
    large = render(ClipConfig(height=CLOSER * side, width=CLOSER * side), count, TIMES)
    write_sheet(target / "hands.webp", [cut_hand(large, person, side) for person in range(count)], COLUMNS)


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
