"""Resolution and edges of pictures of objects."""

import torch

from pipelines.synthetic.objects.film import RESOLUTIONS, Film, sample_film
from pipelines.synthetic.rendering.hits import average_samples

SIZE, FACTOR = 128, 2


def sample_grid(batch: int) -> torch.Tensor:
    """Discs with hard edges [B, H * k, W * k, 1]."""
    axis = torch.linspace(-1, 1, SIZE * FACTOR)
    return ((axis[:, None] ** 2 + axis**2) < 0.5).float()[None, :, :, None].repeat(batch, 1, 1, 1)


def test_large_film_averages_and_jagged_film_picks_samples():
    grid = sample_grid(2)
    film = Film(torch.tensor([1 << 16, 1 << 16]), torch.tensor([False, True]))
    smooth, jagged = film.develop(grid, FACTOR)
    assert torch.equal(smooth, average_samples(grid, FACTOR)[0])
    assert set(jagged.unique().tolist()) == {0.0, 1.0}
    assert len(smooth.unique()) > 2


def test_small_film_keeps_brightness_and_place_but_no_fine_detail():
    grid = sample_grid(2)
    grid += 0.5 * (torch.arange(SIZE * FACTOR) // FACTOR % 2)[:, None]  # stripes of one pixel
    film = Film(torch.tensor([1 << 16, 64]), torch.tensor([False, False]))
    full, small = film.develop(grid, FACTOR)[:, 0]
    assert (small.mean() - full.mean()).abs() < 0.01
    middle = slice(SIZE // 2 - 16, SIZE // 2 + 16)
    assert full[middle, middle].std() > 5 * small[middle, middle].std()
    place = torch.arange(SIZE).float() * torch.ones(SIZE, 1)
    for picture in (full, small):
        assert ((picture * place).sum() / picture.sum() - (SIZE - 1) / 2).abs() < 0.2


def test_kinds_of_film():
    film = sample_film(400, torch.Generator().manual_seed(1))
    small = film.resolution < 1 << 16
    assert set(film.resolution[small].tolist()) == set(RESOLUTIONS)
    assert 0.35 < small.float().mean() < 0.55
    assert film.jagged[small].float().mean() > film.jagged[~small].float().mean() > 0.1
