"""Skirts, dresses below the waist, and the lower parts of coats: tubes that hang from the hips around both legs.

In: a rest body and lengths. Out: a `DrapeFit`, and from it and a pose the vertices. Every ring lies across the legs at
its height and is as far out as they reach: cloth that is wound tightly around two legs is their convex hull.

    ----- waist       rings down to the hips keep the form of the body there and move with spine and pelvis;
   (     ) hips
   / o o \\            further down: the hull of both legs (o), wider towards the hem
  /_______\\ hem

Legend: B people, T frames, K rings, C columns, side 0 right, side 1 left. `down` is metres below the hip joints.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.layers import directions, interpolation_weights, make_grid
from pipelines.synthetic.people.skeleton import INDEX
from pipelines.synthetic.rotations import rotate

_BANDS = (-0.14, -0.11, -0.08, -0.05, -0.02, 0.01, 0.04, 0.07)  # down, where the body's outline is measured
_STOPS = (0.15, 0.5, 1.0, 1.3, 1.9)  # along a leg (0 hip, 1 knee, 2 ankle), where its girth is measured
_HIPS = (0.0, 0.06)  # down, where cloth passes from the pelvis to both legs
_SEAT = (0.05, 0.28)  # down, where the form of the hips passes into that of the legs
_STOUT = 0.6  # share of the largest radius of a leg, against the mean, in what cloth goes around
_ACROSS = 1e-3  # cosine of the angle from which a direction never meets a tangent
_CLOSER = 0.6  # share by which the columns of cloth gather at the legs
_HANG = 0.5  # share of gravity, against the shins, in where cloth below the knees hangs


@dataclass
class DrapeFit:
    """A drape on B people."""

    outline: Tensor
    """[B, bands, C] metres from the middle of the hips to the cloth, at the heights of `_BANDS` times `scale`."""
    legs: Tensor
    """[B, stops] radius of the legs in metres."""
    down: Tensor
    """[B, K] of the rings."""
    ease: Tensor
    """[B] metres from the legs to the cloth."""
    flare: Tensor
    """[B] metres by which the hem is wider."""
    ways: Tensor
    """[B, C, 2] directions of the columns (x, z)."""
    waves: Tensor
    """[B, C] folds towards the hem, -1..1."""
    rest: RestBody
    """The people."""
    scale: Tensor
    """[B] height against an average adult."""


class Drape:
    """Tables of one kind of drape."""

    def __init__(self, charts: BodyCharts, name: str, size: tuple[int, int], *, closed: bool) -> None:
        """size: (K, C); closed: without an opening in front."""
        self.size, self._closed = size, closed
        ends = (0.0, 1.0) if closed else (0.5, 1.5)
        slot = "skirt" if closed else "top"
        start = 0.0 if closed else 0.85
        self.layer = make_grid(name, size, slot=slot, part="torso", closed=closed, u=ends, v=(start, 1.0))
        self._ways = directions(size[1], *ends, closed=closed)
        trunk = parts_mask(charts.part, "torso", "thigh")
        hip = float(charts.rest.bones[0, BONE["r_thigh_1"], 1])
        below = hip - charts.vertices[:, 1]
        self._bands = [(trunk & ((below - level).abs() < 0.025)).nonzero()[:, 0] for level in _BANDS]
        leg = parts_mask(charts.part, "r_thigh", "r_shin")
        self._girths = [(leg & ((charts.hip_to_ankle - stop).abs() < 0.12)).nonzero()[:, 0] for stop in _STOPS]

    def to(self, device: torch.device | str) -> "Drape":
        """This drape with its tables on `device`; changes it in place."""
        self._ways = self._ways.to(device)
        self._bands = [band.to(device) for band in self._bands]
        self._girths = [band.to(device) for band in self._girths]
        return self

    def fit(
        self, rest: RestBody, surface: Tensor, *, top: Tensor, length: Tensor, ease: Tensor, flare: Tensor,
        gap: Tensor, phase: Tensor, scale: Tensor,
    ) -> DrapeFit:  # fmt: skip
        """On B people.

        Args:
            surface: [B, V, 3] vertices of the body, moved out to what is worn underneath.
            top: [B] down of the first ring, negative above the hips; length: [B] metres from there to the hem.
            ease: [B] metres from the body to the cloth; flare: [B] metres by which the hem is further out.
            gap: [B] half of the opening in front in radians; phase: [B, 3] of the folds.
            scale: [B] height against an average adult.
        """
        middle = _between(rest.bones, "thigh_1")
        ways = self._ways.expand(len(top), -1, -1)
        if not self._closed:  # from the left edge of the opening, around the back, to the right edge
            turn = torch.linspace(0, 1, self.size[1], device=top.device)
            angle = gap[:, None] + (2 * torch.pi - 2 * gap[:, None]) * turn
            ways = torch.stack([torch.sin(angle), torch.cos(angle)], -1)
        plane = surface[..., [0, 2]] - middle[:, None, [0, 2]]
        outline = torch.stack([(plane[:, band] @ ways.mT).amax(1) for band in self._bands], 1)  # [B, bands, C]
        share = torch.linspace(0, 1, self.size[0], device=top.device)
        angle = torch.atan2(ways[..., 0], ways[..., 1])
        waves = sum(
            weight * torch.cos(count * angle + phase[:, index, None])
            for index, (count, weight) in enumerate(((5, 0.4), (8, 0.4), (13, 0.2)))
        )
        return DrapeFit(
            outline, self._measure_legs(rest), top[:, None] + length[:, None] * share,
            ease, flare, ways, torch.as_tensor(waves), rest, scale,
        )  # fmt: skip

    def pose(self, fit: DrapeFit, pose: BodyPose, matrices: Tensor) -> Tensor:
        """World positions [B, T, K * C, 3]; matrices: [B, T, J, 3, 4] of all bones, from `bone_matrices`."""
        hips, legs = self._pose_hips(fit, matrices), self._pose_legs(fit, pose)
        share = _rise(fit.down / fit.scale[:, None], *_HIPS)
        share = (share * share * (3 - 2 * share))[:, None, :, None, None]
        return torch.lerp(hips, legs, share).flatten(2, 3)

    def reach(self, fit: DrapeFit) -> Tensor:
        """[B] where on the legs the hem is: 0 hip, 1 knee, 2 ankle."""
        thigh, shin = (-fit.rest.proportions.offsets[:, INDEX[f"r_{joint}"], 1] for joint in ("knee", "ankle"))
        hem = fit.down[:, -1]
        return (hem / thigh).clamp(max=1) + ((hem - thigh) / shin).clamp(min=0)

    def _measure_legs(self, rest: RestBody) -> Tensor:
        """[B, stops] radii of the right leg in metres."""
        radii = []
        for stop, band in zip(_STOPS, self._girths, strict=True):
            start, end = (rest.bones[:, BONE[f"r_{bone}"], None] for bone in _leg_bones(stop))
            along = normalize(end - start, dim=-1)
            offset = rest.vertices[:, band] - start
            distance = (offset - (offset * along).sum(-1, keepdim=True) * along).norm(dim=-1)
            radii.append(torch.lerp(distance.mean(1), distance.amax(1), _STOUT))
        # Beside each other, both thighs are as wide as the hips.
        hip, knee = (rest.bones[:, BONE[f"r_{bone}"]] for bone in ("thigh_1", "shin_1"))
        share = _STOPS[0] * (hip[:, 1] - knee[:, 1]) / (hip - knee).norm(dim=-1)
        axis = torch.lerp(hip[:, 0], knee[:, 0], share)
        radii[0] = torch.minimum(radii[0], axis - rest.vertices[:, self._bands[-1], 0].amin(1))
        return torch.stack(radii, 1)

    def _outline(self, fit: DrapeFit) -> Tensor:
        """[B, K, C] metres from the middle of the hips to the cloth, of rings in the form of the hips."""
        heights = fit.down / fit.scale[:, None]
        ease = fit.ease[:, None] * (0.5 + 0.5 * _rise(heights, -0.1, 0.0))
        return interpolation_weights(heights, _BANDS) @ fit.outline + ease[..., None]

    def _pose_hips(self, fit: DrapeFit, matrices: Tensor) -> Tensor:
        """Rings [B, T, K, C, 3] in the form of the hips: the upper ones lean with the spine."""
        heights, radius = fit.down / fit.scale[:, None], self._outline(fit)
        middle = _between(fit.rest.bones, "thigh_1")[:, None, None]
        plane = radius[..., None] * fit.ways[:, None]
        rise = -fit.down[..., None].expand_as(radius)
        rest = middle + torch.stack([plane[..., 0], rise, plane[..., 1]], -1)  # [B, K, C, 3]
        lean = (1 - _rise(heights, -0.14, -0.02))[:, None, :, None, None]
        pelvis, spine = (matrices[:, :, BONE[name], None, None] for name in ("pelvis", "spine_2"))
        matrix = torch.lerp(pelvis, spine, lean[..., None])  # [B, T, K, 1, 3, 4]
        return rotate(matrix[..., :3], rest[:, None]) + matrix[..., 3]

    def _pose_legs(self, fit: DrapeFit, pose: BodyPose) -> Tensor:
        """Rings [B, T, K, C, 3] around both legs."""
        frames = pose.frames
        hip, knee, ankle = (
            torch.stack([frames.origin[:, :, INDEX[f"{side}_{joint}"]] for side in ("r", "l")], 2)
            for joint in ("hip", "knee", "ankle")
        )  # [B, T, 2, 3]
        upper, lower = knee - hip, ankle - knee
        thigh, shin = (line.norm(dim=-1).amax((1, 2))[:, None] for line in (upper, lower))  # [B, 1]
        along = torch.minimum(fit.down, thigh), (fit.down - thigh).clamp(min=0)  # [B, K]
        place = (along[0] / thigh + along[1] / shin).clamp(max=2)
        radius = (interpolation_weights(place, _STOPS) @ fit.legs[..., None])[..., 0]  # [B, K]
        points = (
            hip[..., None, :]
            + normalize(upper, dim=-1)[..., None, :] * along[0][:, None, None, :, None]
            + normalize(lower, dim=-1)[..., None, :] * along[1].clamp(max=shin)[:, None, None, :, None]
        )  # [B, T, 2, K, 3]
        pelvis = frames.rotation[:, :, INDEX["pelvis"]]
        falls = _lean(-pelvis[..., 1], upper.mean(2), lower.mean(2), fit.down, thigh)  # [B, T, K, 3]
        above = fit.down.clamp(max=thigh)[:, None, :, None]
        centre = hip.mean(2)[:, :, None] + normalize(upper, dim=-1).mean(2)[:, :, None] * above
        centre = centre + falls * along[1][:, None, :, None]
        across = pelvis[..., None, :, 0].expand_as(falls)
        across = normalize(across - (across * falls).sum(-1, keepdim=True) * falls, dim=-1)
        front = torch.linalg.cross(across, -falls)
        offset = points - centre[:, :, None]
        reach = torch.stack([(offset * axis[:, :, None]).sum(-1) for axis in (across, front)], -1)  # [B, T, 2, K, 2]
        seat = (1 - _rise(fit.down / fit.scale[:, None], *_SEAT))[:, None, :, None]
        hull, ways = _wrap_legs(reach, (radius + fit.ease[:, None])[:, None, :, None], fit.ways, _CLOSER * (1 - seat))
        hull = hull + seat * (self._outline(fit)[:, None] - hull).clamp(min=0)
        share = (fit.down.clamp(min=0) / fit.down[:, -1:])[..., None]
        flare = fit.flare[:, None, None] * share * (1 + 0.5 * fit.waves[:, None]) + 0.012 * share * fit.waves[:, None]
        way = across[..., None, :] * ways[..., :1] + front[..., None, :] * ways[..., 1:]
        hull = hull + flare[:, None] * (1 - way[..., 1]).clamp(max=1.5)  # what is wide falls, and does not stand up
        return centre[..., None, :] + hull[..., None] * way


def _lean(trunk: Tensor, thighs: Tensor, shins: Tensor, down: Tensor, thigh: Tensor) -> Tensor:
    """Unit vectors [B, T, K, 3] down which the cloth runs: from those of trunk, thighs and shins [B, T, 3]."""
    ground = torch.zeros_like(shins) - shins.new_tensor([0.0, 1.0, 0.0])
    shins = normalize(torch.lerp(normalize(shins, dim=-1), ground, _HANG), dim=-1)
    first = (down / 0.15).clamp(0, 1)[:, None, :, None]
    second = ((down - thigh) / 0.12 + 0.5).clamp(0, 1)[:, None, :, None]
    mixed = torch.lerp(trunk[:, :, None], normalize(thighs, dim=-1)[:, :, None], first)
    return normalize(torch.lerp(mixed, shins[:, :, None], second), dim=-1)


def _wrap_legs(legs: Tensor, radius: Tensor, ways: Tensor, closer: Tensor) -> tuple[Tensor, Tensor]:
    """The convex hull of both legs in the planes of the rings: cloth spans between legs that are far apart.

    Args:
        legs: [B, T, 2, K, 2] where they cross the planes, metres from the middle.
        radius: [B, 1, K, 1] of a leg with the cloth.
        ways: [B, C, 2] directions.
        closer: [B, 1, K, 1] share 0..1 by which columns gather at the legs, so that they go around them smoothly.

    Returns:
        How far the hull reaches [B, T, K, C], and the unit vectors along which it does [B, T, K, C, 2].
    """
    tangents = legs @ ways.mT[:, None, None]  # [B, T, 2, K, C]
    nearer = (tangents[:, :, 1] > tangents[:, :, 0])[..., None]
    touched = (
        torch.where(nearer, legs[:, :, 1, :, None], legs[:, :, 0, :, None]) + radius[..., None] * ways[:, None, None]
    )
    turned = normalize(torch.lerp(ways[:, None, None], normalize(touched, dim=-1), closer[..., None]), dim=-1)
    # A direction ends where it meets the first of the tangents.
    along = (turned @ ways.mT[:, None, None]).clamp(min=_ACROSS)  # [B, T, K, C, C]
    support = tangents.amax(2).clamp(min=0) + radius  # the middle is inside
    return (support[..., None, :] / along).amin(-1), turned


def _rise(values: Tensor, start: float, end: float) -> Tensor:
    """0 up to `start`, 1 from `end` on, linear in between."""
    return ((values - start) / (end - start)).clamp(0, 1)


def _between(bones: Tensor, bone: str) -> Tensor:
    """The middle [B, 3] between the right and the left of a pair of bones [B, J, 3]."""
    return (bones[:, BONE[f"r_{bone}"]] + bones[:, BONE[f"l_{bone}"]]) / 2


def _leg_bones(stop: float) -> tuple[str, str]:
    """The bones between which a place along a leg is."""
    return ("thigh_1", "shin_1") if stop <= 1 else ("shin_1", "foot")
