"""The 68 landmarks of talking heads, from the same curves that their faces are painted with.

In: a `Head`. Out: pixels of its landmarks, and the way back from surface points to the skin, for `paint`. `talking`
calls both.

Each landmark is where a ray from the head's axis leaves the face. Those of the jaw's hidden side are on the contour,
where annotators put them.

Legend: N pictures, K landmarks.
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.face_textures import AROUND, HEIGHT
from pipelines.synthetic.people.skeleton import CROWN, INDEX
from pipelines.synthetic.rendering.raycast import Primitives, cast, place
from pipelines.synthetic.rotations import rotation_about
from pipelines.synthetic.talking.features import place_feature_landmarks, place_jaw_landmarks
from pipelines.synthetic.talking.heads import AXIS, Head, jaw_shift
from pipelines.synthetic.tensors import repeat_per_picture

CONTOUR = 9  # candidates for the outermost point of the jaw, per landmark


def measure_landmarks(head: Head) -> Tensor:
    """The landmarks [N, 68, 2], x, y in pixels, in the iBUG 300-W order."""
    angle, y = place_jaw_landmarks(head.features)
    share = torch.linspace(0.3, 1, CONTOUR, device=y.device)
    fan = (angle[:, None] * share).flatten().expand(len(y), -1)  # [N, 17 * CONTOUR]
    inner = place_feature_landmarks(head.features)
    angles = torch.cat([fan, inner[..., 0] * (2 * torch.pi / AROUND)], 1)
    heights = torch.cat([y.repeat_interleave(CONTOUR, 1), inner[..., 1]], 1)
    pixels = _project(head, _find_surface(head, angles, heights))
    candidates = pixels[:, : fan.shape[1]].unflatten(1, (len(angle), CONTOUR))  # [N, 17, CONTOUR, 2]
    return torch.cat([_outermost(head, candidates, angle.sign()), pixels[:, fan.shape[1] :]], 1)


def project_on_skin(head: Head, points: Tensor) -> tuple[Tensor, Tensor]:
    """x, y [N, ...] on the skin, as in `features`, of the world points [N, ..., 3]: from picture to face."""
    batch = (-1, *[1] * (points.dim() - 2))
    local = (points.flatten(1, -2) - head.origin[:, None]) @ head.rotation  # the transpose undoes the rotation
    across, up, forward = local.unflatten(1, points.shape[1:-1]).unbind(-1)
    height = head.height.view(batch)
    angle = torch.atan2(across, forward - AXIS * height)
    return angle * (AROUND / (2 * torch.pi)), (CROWN - up / height) * HEIGHT


def _outermost(head: Head, candidates: Tensor, side: Tensor) -> Tensor:
    """The outermost of the candidates [N, 17, CONTOUR, 2] for each landmark of the jaw, [N, 17, 2] pixels.

    side: [17] -1 for the right side of the head, 1 for the left.
    """
    axis = head.rotation[:, :2, 0] * candidates.new_tensor([1.0, -1.0])
    out = (candidates * axis[:, None, None]).sum(-1) * side[:, None]
    best = out.argmax(2)[..., None, None].expand(-1, -1, 1, 2)
    return candidates.gather(2, best)[:, :, 0]


def _find_surface(head: Head, angle: Tensor, y: Tensor) -> Tensor:
    """Points [N, K, 3] in the head's frame where rays from its axis at `angle` [N, K] and `y` [N, K] leave the face."""
    height = head.height[:, None]
    level = (CROWN - y / HEIGHT) * height
    turn = rotation_about(1, -angle)  # [N, K, 3, 3]
    skull = torch.stack([0 * height, 0 * height, -AXIS * height], -1)  # [N, 1, 3]
    origin = torch.stack([skull, skull + jaw_shift(head.features)[:, None]], 2)
    origin = (turn[:, :, None] @ origin[..., None])[..., 0]  # [N, K, 2, 3]
    placed = place(_select_face(head), turn[:, :, None].expand(-1, -1, 2, -1, -1), origin)
    radius, _ = cast(placed, torch.zeros_like(angle).flatten()[:, None], level.flatten()[:, None])
    radius = radius.view_as(angle).clamp(min=0)  # below the chin there is no face
    return torch.stack([radius * angle.sin(), level, radius * angle.cos() + AXIS * height], -1)


def _select_face(head: Head) -> Primitives:
    """Skull, jaw and nose of the N heads; frame 0 carries them, 1 the jaw."""
    chosen, primitives = head.face, head.people.primitives
    frame = (primitives.frame[chosen] != INDEX["head"]).long()
    shapes = (primitives.linear, primitives.offset, primitives.shape, primitives.clip)
    return Primitives(frame, *(repeat_per_picture(each[:, chosen], head.steps) for each in shapes))


def _project(head: Head, points: Tensor) -> Tensor:
    """Pixels [N, K, 2] of points [N, K, 3] in the head's frame."""
    world = points @ head.rotation.mT + head.origin[:, None]
    return head.camera.project(world.unflatten(0, (-1, head.steps))).flatten(0, 1)
