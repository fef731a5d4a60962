"""Render the README's pictures from the example files: python examples/render_readme.py FOLDER [FRAMES] [HEIGHT]"""

import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pipelines import AnimateConfig, animate
from pipelines.media.sources import open_video

SOURCE, DRIVING = (Path(__file__).parents[1] / "gfla_cli" / "demo" / name for name in ("source.png", "driving.mp4"))
CHOSEN = (0.15, 0.3, 0.47, 0.6, 0.72)  # the frames of the strip, as shares of the video
GREY = (120, 128, 138)  # of titles: legible on white and on black
Tile = tuple[str, Image.Image]  # a picture and its title


def generate(frames: int) -> tuple[list[Image.Image], list[Image.Image]]:
    """The driving frames, and the frames of the animation."""
    with open_video(DRIVING, max_frames=frames) as video:
        driving = [Image.fromarray(frame.image) for frame in video]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "%05d.png"
        animate(AnimateConfig(SOURCE, DRIVING, output=output, max_frames=frames))
        return driving, [Image.open(path).convert("RGB") for path in sorted(Path(folder).iterdir())]


def draw_tile(tile: Tile, height: int, line: int) -> Image.Image:
    """The picture with round corners below its title, `height` and `line` pixels high, on a transparent ground."""
    title, picture = tile
    width = height * picture.width // picture.height
    mask = Image.new("L", (4 * width, 4 * height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 4 * width - 1, 4 * height - 1), radius=2 * line, fill=255)
    drawn = Image.new("RGBA", (width, height + line))
    drawn.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (0, line), mask.resize((width, height)))
    ImageDraw.Draw(drawn).text((2, 0), title, GREY, ImageFont.load_default(0.7 * line))
    return drawn


def arrange(columns: list[list[Tile]], height: int, line: int) -> Image.Image:
    """Columns of tiles, each column `height` pixels high."""
    sheet, left, gap = Image.new("RGBA", (5 * height, height)), 0, line // 3
    for column in columns:
        each = (height - gap * (len(column) - 1)) // len(column)
        drawn = [draw_tile(tile, each - line, line) for tile in column]
        for row, image in enumerate(drawn):
            sheet.paste(image, (left, row * (each + gap)))
        left += drawn[0].width + gap
    return sheet.crop((0, 0, left - gap, height))


def main(folder: str, frames: str = "100", height: str = "400") -> None:
    place, source, side = Path(folder), ("source", Image.open(SOURCE).convert("RGB")), int(height)
    place.mkdir(parents=True, exist_ok=True)
    driving, results = generate(int(frames))
    pairs = []
    for share in CHOSEN:
        index, first = int(share * len(results)), share == CHOSEN[0]
        pairs.append([("driving video" if first else "", driving[index]), ("result" if first else "", results[index])])
    arrange([[source], *pairs], side * 3 // 2, side // 11).save(place / "strip.png", optimize=True)
    moving = [
        arrange([[source], [("driving video", before)], [("result", after)]], side, side // 14)
        for before, after in zip(driving, results, strict=True)
    ]
    options = {"save_all": True, "append_images": moving[1:], "duration": 40, "loop": 0, "quality": 60, "method": 6}
    moving[0].save(place / "animation.webp", **options)


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
