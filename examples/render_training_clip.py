"""Render a person who moves, with joints and true flow, as the training sees it; writes a GIF.

python examples/render_training_clip.py OUTPUT.gif [SIZE] [FRAMES] [SEED]
"""

from fractions import Fraction

import torch

from pipelines.media.writer import open_output
from pipelines.synthetic.clips import ClipConfig, sample_clip


def main(output: str, size: str = "256", frames: str = "50", seed: str = "0") -> None:
    side, count = int(size), int(frames)
    config = ClipConfig(height=side, width=side, length=count)
    generator = torch.Generator().manual_seed(int(seed))
    clip = sample_clip(config, batch=1, times=torch.arange(count)[None], generator=generator)
    flow, visible, person = clip.flow(target=count - 1, source=0)
    moved = (flow.norm(dim=1, keepdim=True) * person).sum() / person.sum()
    seen = (visible * person).sum() / person.sum()
    print(f"first to last frame: the person's surface moves {moved:.1f} px, {seen:.0%} of it was visible before")
    images = ((clip.images[0] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()  # [T, H, W, 3]
    rate = Fraction(25)
    with open_output(output, width=side, height=side, time_base=1 / rate, rate=rate, overwrite=True) as writer:
        for index, image in enumerate(images):
            writer.write(image, pts=index, duration=1)


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
