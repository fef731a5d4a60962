"""Parts of objects: closed surfaces of the right size, shape and side."""

import math

import pytest
import torch

from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.meshes import Mesh
from pipelines.synthetic.objects.paths import make_path
from pipelines.synthetic.rotations import rotation_about

CPU = torch.device("cpu")


def volumes(mesh: Mesh, batch: int) -> torch.Tensor:
    """Volumes [B] of closed surfaces whose triangles turn outwards."""
    a, b, c = mesh.position[mesh.triangles].unbind(1)
    each = (a * torch.linalg.cross(b, c)).sum(-1) / 6
    return torch.zeros(batch).scatter_add(0, mesh.object, each)


def middles(mesh: Mesh, batch: int) -> torch.Tensor:
    """Middles [B, 3] of the bounding boxes."""
    low, high = (torch.zeros(batch, 3) for _ in range(2))
    owner = mesh.owner[:, None].expand(-1, 3)
    low = low.scatter_reduce(0, owner, mesh.position, "amin", include_self=False)
    return (low + high.scatter_reduce(0, owner, mesh.position, "amax", include_self=False)) / 2


@pytest.mark.parametrize("bent", [0.0, 0.2])
def test_boxes_have_the_sizes_asked_for(bent):
    kit = Kit(2)
    half = torch.tensor([0.5, 1.0]), 0.3, 0.2
    turn = rotation_about(2, torch.tensor([0.0, 0.7])) @ rotation_about(0, torch.tensor([0.4, 0.0]))
    kit.add_box(0, (1.0, 2.0, 3.0), half, radius=0.001, turn=turn, bend=bent)
    mesh = kit.build_mesh(CPU)
    assert torch.allclose(volumes(mesh, 2), 8 * half[0] * 0.06, rtol=0.03)
    if not bent:
        assert torch.allclose(middles(mesh, 2), torch.tensor([1.0, 2.0, 3.0]).expand(2, 3), atol=1e-4)


def test_rounding_takes_the_edges_away():
    kit = Kit(1)
    kit.add_box(0, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5), radius=0.5)
    mesh = kit.build_mesh(CPU)
    assert mesh.position.norm(dim=1).max() < 0.501
    assert torch.allclose(mesh.normal, mesh.position * 2, atol=0.01)


@pytest.mark.parametrize("round_", [False, True])
def test_rods_are_cylinders_and_cones(round_):
    kit = Kit(2)
    kit.add_rod(0, (1.0, 0.0, 0.0), (1.0, 0.0, 2.0), torch.tensor([0.2, 0.3]), end_radius=0.1, round=round_)
    first = torch.tensor([0.2, 0.3])
    expected = math.pi * 2 / 3 * (first.square() + first * 0.1 + 0.01)
    found = volumes(kit.build_mesh(CPU), 2)
    assert torch.allclose(found, expected, rtol=0.04)
    assert (found < expected).all()


def test_hulls_may_be_hollowed():
    """An L, whose middle is outside of it."""
    outline = torch.tensor([[0.0, 0], [1, 0], [1, 0.1], [0.1, 0.1], [0.1, 1], [0, 1]]).roll(-2, 0)
    y = torch.linspace(0, 1, 4)[:, None].expand(-1, 6)
    grid = torch.stack([outline[:, 0].expand(4, -1), y, outline[:, 1].expand(4, -1)], -1)
    kit = Kit(1)
    kit.add_hull(torch.arange(6).expand(1, 3, 6), grid[None])
    mesh = kit.build_mesh(CPU)
    assert volumes(mesh, 1).item() == pytest.approx(0.19, abs=1e-5)
    assert set(mesh.slot.tolist()) == set(range(6))


def test_mirrored_parts_are_on_the_other_side():
    kit = Kit(1)
    kit.add_box(0, (0.0, 1.0, 0.0), (0.2, 0.1, 0.3), turn=rotation_about(2, torch.tensor([0.5])), mirror=True)
    kit.add_rod(1, (0.0, 0.4, 0.0), (0.5, 0.8, 0.1), 0.1, mirror=True)
    mesh = kit.build_mesh(CPU)
    for part in (0, 1):
        place = mesh.position[mesh.triangles[mesh.slot == part].unique()]
        nearest = torch.cdist(place * torch.tensor([1.0, -1.0, 1.0]), place).min(1).values
        assert nearest.max() < (1e-3 if part == 0 else 0.05)
        assert place[:, 1].min() < -0.4
    assert volumes(mesh, 1) > 0


def test_parts_go_to_the_objects_that_have_them():
    kit = Kit(4)
    kit.add_box(4, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), present=torch.tensor([True, False, True, True]))
    kit.add_rod(0, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.1, present=torch.tensor([False, False, True, False]))
    mesh = kit.build_mesh(CPU)
    assert set(mesh.object.tolist()) == {0, 2, 3}
    assert set(mesh.slot[mesh.object == 0].tolist()) == {4}
    assert set(mesh.slot[mesh.object == 2].tolist()) == {0, 4}
    assert torch.equal(mesh.owner[mesh.triangles[:, 1]], mesh.object)


def test_tubes_follow_their_paths():
    path = make_path([(0.0, 0.3, 0.0), (1.0, 0.3, 0.0), (1.0, 0.3, 1.0)], 2, rounds=2)
    kit = Kit(2)
    kit.add_tube(0, path, torch.tensor([0.05, 0.1]), sides=16, mirror=True)
    mesh = kit.build_mesh(CPU)
    length = (path[:, 1:] - path[:, :-1]).norm(dim=-1).sum(1)
    expected = 2 * math.pi * torch.tensor([0.05, 0.1]).square() * length
    assert torch.allclose(volumes(mesh, 2), expected, rtol=0.06)
    for number, radius in enumerate((0.05, 0.1)):
        place = mesh.position[mesh.owner == number]
        away = torch.cdist(torch.stack([place[:, 0], place[:, 1].abs(), place[:, 2]], 1), path[number]).amin(1)
        assert away.min() > 0.9 * radius
        assert away.max() < 2.5 * radius


def test_turned_parts_have_the_volume_of_their_profile():
    kit = Kit(1)
    kit.add_lathe(0, (1.0, 0.5, 0.2), [(0.2, 0.0), (0.4, 0.3), (0.1, 1.0)], sides=40)
    cones = math.pi / 3 * (0.3 * (0.04 + 0.08 + 0.16) + 0.7 * (0.16 + 0.04 + 0.01))
    mesh = kit.build_mesh(CPU)
    assert volumes(mesh, 1).item() == pytest.approx(cones, rel=0.01)
    assert torch.allclose(middles(mesh, 1), torch.tensor([[1.0, 0.5, 0.7]]), atol=1e-3)


def test_coarse_objects_have_few_triangles_and_about_the_same_size():
    kit = Kit(2, coarse=torch.tensor([False, True]))
    kit.add_rod(0, (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.3, round=True)
    kit.add_lathe(0, (0.0, 0.0, 1.0), [(0.3, 0.0), (0.4, 0.2), (0.4, 0.4), (0.2, 0.6), (0.1, 0.8)])
    mesh = kit.build_mesh(CPU)
    fine, coarse = mesh.object.bincount().tolist()
    assert coarse < 0.5 * fine
    full, rough = volumes(mesh, 2).tolist()
    assert 0.7 * full < rough < full


def test_leaning_turns_the_parts_that_there_are_about_their_pivot():
    def build(lean: bool) -> Mesh:
        kit = Kit(2)
        kit.add_box(0, (1.0, 0.2, 2.0), (0.5, 0.3, 0.2), turn=rotation_about(0, torch.tensor([0.4, 0.0])), sag=0.1)
        kit.add_rod(0, (0.0, 0.0, 1.0), (1.0, 0.5, 2.0), 1e-4)  # what is round may turn about its axis
        kit.add_lathe(0, (0.0, 1.0, 2.0), [(0.3, 0.0), (0.1, 1.0)])
        if lean:
            kit.lean(torch.tensor([0.0, 0.5]), (0.2, 0.0, 1.5))
        kit.add_box(0, (0.0, 0.0, 0.0), (0.5, 0.3, 0.2))
        return kit.build_mesh(CPU)

    straight, leaning = build(False), build(True)
    low = straight.position[:, 2] < 0.5  # the box that comes afterwards
    moves = (straight.owner == 1) & ~low
    assert torch.allclose(leaning.position[~moves], straight.position[~moves], atol=1e-6)
    pivot = torch.tensor([0.2, 0.0, 1.5])
    expected = (straight.position[moves] - pivot) @ rotation_about(1, torch.tensor(-0.5)).mT + pivot
    assert torch.allclose(leaning.position[moves], expected, atol=1e-3)
    forward = straight.position[moves, 0] > 0.2 + (straight.position[moves, 2] - 1.5).clamp(min=0)
    assert (leaning.position[moves][forward, 2] > straight.position[moves][forward, 2]).all()  # what is in front rises
