"""Speed of rasterising people: index and nearness, values at the samples, and true flow between frames.

The mesh is a stand-in of the size of a dressed person: closed ellipsoids along limbs that swing from picture to
picture, 40,000 triangles. On CUDA the Triton form is first compared with the PyTorch form, bit by bit.

    python -m benchmarks.people_raster [--device cuda] [--pictures N] [--size N] [--supersample N] [--chunk N]
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.rendering.correspondence import find_flow
from pipelines.synthetic.rendering.hits import average_samples, find_hits
from pipelines.synthetic.rendering.raster import can_run_triton, rasterise, to_samples
from pipelines.synthetic.rendering.raster_torch import EMPTY, draw_torch
from tests.helpers.ellipsoids import make_ellipsoids, project

ELLIPSOIDS = 56


def main() -> None:
    """Print milliseconds for all pictures and for one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--pictures", type=int, help="1536 on CUDA, 4 elsewhere")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--supersample", type=int, default=2)
    parser.add_argument("--chunk", type=int, default=96, help="pictures at once")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    device = torch.device(options.device)
    pictures = options.pictures or (1536 if device.type == "cuda" else 4)
    vertices, triangles = move_limbs(pictures, device)
    pixel, nearness = project(vertices, scale=0.5 * options.size, size=(options.size, options.size))
    print(
        f"{pictures} pictures of {len(triangles)} triangles, {options.size} x {options.size} pixels, "
        f"{options.supersample} x {options.supersample} samples in each"
    )
    if can_run_triton(pixel):
        compare_forms(
            to_samples(pixel[:16], options.supersample), nearness[:16], triangles, options.size * options.supersample
        )
    work = Work(pixel, nearness, vertices, triangles, options.size, options.supersample, options.chunk)
    for name, task in (("rasterise", work.rasterise), ("rasterise and shade", work.shade), ("flow", work.find_flow)):
        covered = timed(name, pictures, options.repeat, task)
        print(f"  {covered / pictures:.0f} samples of a picture show the mesh")
    if pixel.is_cuda:
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def move_limbs(pictures: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Vertices [N, V, 3] in metres and triangles [F, 3]; every ellipsoid swings about its own middle."""
    generator = torch.Generator().manual_seed(0)
    centre = torch.randn(ELLIPSOIDS, 3, generator=generator) * torch.tensor([0.12, 0.35, 0.1])
    radius = torch.rand(ELLIPSOIDS, 3, generator=generator) * torch.tensor([0.05, 0.25, 0.05])
    radius = radius + torch.tensor([0.04, 0.1, 0.04])
    unmoved, triangles = make_ellipsoids(torch.zeros(ELLIPSOIDS, 3), radius, rings=20, sectors=20)
    start, speed = torch.rand(2, ELLIPSOIDS, generator=generator) * 2 - 1
    angle = 3 * start + 0.1 * speed * torch.arange(float(pictures))[:, None]  # [N, E]
    cosine, sine = angle.cos()[..., None], angle.sin()[..., None]
    x, y, z = unmoved.view(ELLIPSOIDS, -1, 3).unbind(-1)
    swung = torch.stack([cosine * x - sine * y, sine * x + cosine * y, z.expand(pictures, -1, -1)], -1)
    return (swung + centre[:, None]).flatten(1, 2).to(device), triangles.to(device)


def compare_forms(pixel: Tensor, nearness: Tensor, triangles: Tensor, side: int) -> None:
    """Whether the Triton form gives the bits of the PyTorch form for meshes in pictures of side x side samples."""
    from pipelines.synthetic.rendering.raster_triton import draw_triton

    pictures, vertices = nearness.shape
    middle = pixel.mean((0, 1))
    number = torch.arange(pictures * len(triangles), device=pixel.device)
    picture = number // len(triangles)
    corners = triangles.repeat(pictures, 1) + vertices * picture[:, None]
    for name, zoom in (("people", 1.0), ("close-ups", 6.0)):
        place = (pixel - middle) * zoom + middle
        results = []
        for draw in (draw_torch, draw_triton):
            best = torch.full((pictures * side * side,), EMPTY, device=pixel.device)
            draw(best, place.flatten(0, 1), nearness.flatten(), corners, picture, number % 3 == 0, (side, side))
            results.append(best)
        different = (results[0] != results[1]).sum()
        covered = (results[0] != EMPTY).float().mean()
        print(f"{name}: {different} of {results[0].numel()} samples differ between the forms, {covered:.0%} covered")


class Work:
    """What is timed, chunk after chunk; every task returns how many samples show the mesh."""

    def __init__(
        self, pixel: Tensor, nearness: Tensor, vertices: Tensor, triangles: Tensor, size: int, factor: int, chunk: int
    ) -> None:
        self.triangles, self.size, self.factor = triangles, (size, size), factor
        self.samples = (size * factor, size * factor)
        values = torch.cat([normalize(vertices - vertices.mean(1, keepdim=True), dim=-1), vertices, pixel], -1)
        self.chunks = list(zip(pixel.split(chunk), nearness.split(chunk), values.split(chunk), strict=True))

    def rasterise(self) -> Tensor:
        count = self.triangles.new_zeros(())
        for pixel, nearness, _ in self.chunks:
            made = rasterise(to_samples(pixel, self.factor), nearness, self.triangles, size=self.samples)
            count += (made.index >= 0).sum()
        return count

    def shade(self) -> Tensor:
        """Eight values at every sample, a Lambertian colour from them, and antialiased pictures."""
        count = self.triangles.new_zeros(())
        for pixel, nearness, values in self.chunks:
            place = to_samples(pixel, self.factor)
            made = rasterise(place, nearness, self.triangles, size=self.samples)
            hits = find_hits(made, place, self.triangles)
            normal, point, _ = hits.interpolate(values).split([3, 3, 2], -1)
            colour = (0.5 + 0.5 * torch.sin(20 * point)) * normalize(normal, dim=-1)[:, 2:].clamp(min=0.1)
            rgba = torch.cat([colour, torch.ones_like(colour[:, :1])], -1)
            assert average_samples(hits.to_grid(rgba), self.factor).shape[1] == 4
            count += len(hits.x)
        return count

    def find_flow(self) -> Tensor:
        """Flow from every frame to the one before it; both buffers are drawn for it."""
        count = self.triangles.new_zeros(())
        for pixel, nearness, _ in self.chunks:
            hits = find_hits(rasterise(pixel, nearness, self.triangles, size=self.size), pixel, self.triangles)
            source, near = pixel.roll(1, 0), nearness.roll(1, 0)
            surface = rasterise(to_samples(source, self.factor), near, self.triangles, size=self.samples).nearness
            find_flow(hits, source, near, surface, tolerance=0.004)
            count += len(hits.x)
        return count


def timed(name: str, pictures: int, repeat: int, work: Callable[[], Tensor]) -> int:
    """Print milliseconds of `work` after warming up; returns its last result."""
    result = int(work())
    began = time.perf_counter()
    for _ in range(repeat):
        result = int(work())
    spent = (time.perf_counter() - began) / repeat * 1000
    print(f"{name}: {spent:.1f} ms, {spent / pictures:.3f} ms a picture", flush=True)
    return result


if __name__ == "__main__":
    main()
