"""Where things are on everybody's skin: places on the average body, lips, nails, palms, joints that redden, hollows.

In: the body model. Out: a `SkinMap`, numbers for every vertex that are interpolated over what a pixel shows and painted
by `skin_paint`, `face_paint` and `eye_paint`. The mesh is the same for all people, so what is painted at a place of the
average body sits at the same feature of every body, in every pose and with every expression.

Legend: V vertices of the body, F triangles.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from pipelines.synthetic.people.body_bones import BONE, FINGERS, PARTS, SURFACES
from pipelines.synthetic.people.body_model import BodyModel
from pipelines.synthetic.rendering.normals import VertexNormals
from pipelines.synthetic.tensors import move_to_device

# Columns of `SkinMap.values`; place takes three, nail two.
COLUMNS = {"place": slice(0, 3), "nail": slice(3, 5)} | {
    name: slice(index, index + 1)
    for index, name in enumerate(("lips", "scalp", "ear", "red", "palm", "hollow"), start=5)
}
EYE_POINTS = slice(36, 48)  # of iBUG's 68 points
_FAR = 3.0  # of a nail's half sizes: nowhere near a nail
_NAIL_HALVES = (0.0052, 0.0062)  # across and along the finger, m
_THUMB_WIDER = 1.3
_NAIL_LEVEL, _FINGERTIP = 0.0, 0.024  # least height above the bone, largest distance from the middle of its end, m
_REDDENED = (("shin_1", (0.0, 0.0, 0.05), 0.05), ("forearm_1", (0.0, 0.0, -0.04), 0.035))  # bone, offset, radius, m
_KNUCKLE_RADIUS, _TIP_RADIUS = 0.011, 0.012  # m


@dataclass
class SkinMap:
    """Numbers of the vertices of the body, which all people share."""

    values: Tensor
    """[V, 11] in `COLUMNS`: place on the average body at rest (metres; y from the pupils upwards); across and along
    the nearest nail, in its half sizes; shares 0..1 of lips, scalp, ear, reddened skin, palms and soles; how hollow
    the surface is, -1..1."""
    surface: Tensor
    """[F] index into `SURFACES` of the triangles."""
    eye: Tensor
    """[3] middle of the left eyeball, like the places."""

    @staticmethod
    @cache
    def load(device: torch.device | str = "cpu") -> "SkinMap":
        """The map of the baked body on `device`; made once, on the CPU, so that all devices have the same."""
        if torch.device(device).type != "cpu":
            return move_to_device(SkinMap.load(), device)
        model = BodyModel.load()
        place, bones = model.template, model.template_bones
        normals = VertexNormals(model.triangles, len(place))(place)
        covered = one_hot(model.surface, len(SURFACES)).float()
        shares = [covered[:, SURFACES.index(name)] for name in ("lips", "scalp", "ear")]
        shares[0] = _close_seam(model.triangles, place, shares[0])
        palm = _find_palms(model, normals, bones)
        red = _find_reddened(place, bones) * (1 - palm)
        hollow = _find_hollows(model.triangles, place, normals)
        nail = _find_nails(place, bones)
        level = model.face_points(place)[EYE_POINTS, 1].mean()
        from_eyes = place.new_tensor([0.0, 1.0, 0.0]) * level
        values = torch.cat([place - from_eyes, nail, torch.stack([*shares, red, palm, hollow], 1)], 1)
        # The smallest index: triangles at the rim of lips or ears count as skin, whose columns know better.
        return SkinMap(values, model.surface[model.triangles].amin(1), bones[BONE["l_eye"]] - from_eyes)


def palm_directions(bones: Tensor) -> dict[str, Tensor]:
    """Unit vectors [3] out of the palms of the average body with bones [J, 3], by side."""
    result = {}
    for side, sign in (("r", 1.0), ("l", -1.0)):
        hand, middle, index, little = (
            bones[BONE[f"{side}_{name}"]] for name in ("hand", "middle_1", "index_1", "little_1")
        )
        result[side] = normalize(torch.linalg.cross(index - little, middle - hand) * sign, dim=0)
    return result


def _find_palms(model: BodyModel, normals: Tensor, bones: Tensor) -> Tensor:
    """Shares [V] of palms and soles."""
    share = torch.zeros_like(normals[:, 0])
    for side, direction in palm_directions(bones).items():
        hand = model.part == PARTS.index(f"{side}_hand")
        share = torch.where(hand, (normals @ direction * 1.5 + 0.2).clamp(0, 1), share)
        foot = model.part == PARTS.index(f"{side}_foot")
        share = torch.where(foot, (-normals[:, 1] * 2 - 0.6).clamp(0, 1), share)
    return share


def _find_reddened(place: Tensor, bones: Tensor) -> Tensor:
    """Shares [V] of skin that is redder than elsewhere: knees, elbows, knuckles, tips of fingers."""
    share = torch.zeros_like(place[:, 0])
    for side in ("r", "l"):
        spots = [
            (bones[BONE[f"{side}_{bone}"]] + place.new_tensor(offset), radius) for bone, offset, radius in _REDDENED
        ]
        for finger in FINGERS:
            spots += [(bones[BONE[f"{side}_{finger}_{joint}"]], _KNUCKLE_RADIUS) for joint in (1, 2)]
            spots.append((bones[BONE[f"{side}_{finger}_4"]], _TIP_RADIUS))
        for centre, radius in spots:
            share = torch.maximum(share, torch.exp(-((place - centre) / radius).square().sum(1)))
    return share


def _find_nails(place: Tensor, bones: Tensor) -> Tensor:
    """Across and along the nearest nail [V, 2], in its half sizes.

    Elsewhere along is -`_FAR`, at the side of a nail's root, so that no triangle between two fingers passes a nail.
    """
    best = place.new_tensor([_FAR, -_FAR]).repeat(len(place), 1)
    nearest = torch.full_like(place[:, 0], torch.inf)
    palms = palm_directions(bones)
    for side in ("r", "l"):
        radial = normalize(bones[BONE[f"{side}_index_1"]] - bones[BONE[f"{side}_little_1"]], dim=0)
        for finger in FINGERS:
            tip, before = bones[BONE[f"{side}_{finger}_4"]], bones[BONE[f"{side}_{finger}_3"]]
            along = normalize(tip - before, dim=0)
            up = radial - palms[side] if finger == "thumb" else -palms[side]
            up = normalize(up - (up @ along) * along, dim=0)
            across = torch.linalg.cross(along, up)
            offset = place - tip
            wide = _THUMB_WIDER if finger == "thumb" else 1.0
            centre = -_NAIL_HALVES[1] * wide
            local = torch.stack(
                [offset @ across / (_NAIL_HALVES[0] * wide), (offset @ along - centre) / (_NAIL_HALVES[1] * wide)], 1
            )
            local = local.clamp(-_FAR, _FAR)
            below = (offset @ up < _NAIL_LEVEL)[:, None]
            local = torch.where(below, torch.stack([local[:, 0].sign() * _FAR, -_FAR + 0 * local[:, 1]], 1), local)
            distance = (place - (tip + before) / 2).norm(dim=1)
            closer = (distance < nearest) & (distance < _FINGERTIP)
            best = torch.where(closer[:, None], local, best)
            nearest = torch.where(closer, distance, nearest)
    return best


def _close_seam(triangles: Tensor, place: Tensor, share: Tensor) -> Tensor:
    """Shares [V] with those of the middle of the face taken from the vertices beside it."""
    edges = torch.stack([triangles.flatten(), triangles.roll(1, 1).flatten()])  # every edge in both directions
    edges = torch.cat([edges, edges.flip(0)], 1)
    middle = place[:, 0].abs() < 1e-4
    first, second = edges[:, middle[edges[0]] & ~middle[edges[1]]]
    total = torch.zeros_like(share).index_add(0, first, share[second])
    count = torch.zeros_like(share).index_add(0, first, torch.ones_like(share[second]))
    return torch.where(middle, (total / count.clamp(min=1) > 0.5).float(), share)


def _find_hollows(triangles: Tensor, place: Tensor, normals: Tensor) -> Tensor:
    """How hollow the average body is at each vertex [V], -1 a ridge .. 1 a groove, smoothed a little."""
    total, count, length = torch.zeros_like(place), torch.zeros_like(place[:, 0]), torch.zeros_like(place[:, 0])
    edges = torch.cat([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = torch.cat([edges, edges.flip(1)])
    step = place[edges[:, 1]] - place[edges[:, 0]]
    total.index_add_(0, edges[:, 0], step)
    length.index_add_(0, edges[:, 0], step.norm(dim=1))
    count.index_add_(0, edges[:, 0], torch.ones_like(step[:, 0]))
    raised = (total * normals).sum(1) / length.clamp(min=1e-6)
    for _ in range(2):
        mean = torch.zeros_like(raised).index_add_(0, edges[:, 0], raised[edges[:, 1]]) / count.clamp(min=1)
        raised = (raised + mean) / 2
    return (2.5 * raised).clamp(-1, 1)
