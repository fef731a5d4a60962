"""Where the parts of faces are that losses and validation look at most, from structure maps of landmarks.

Legend: B faces, S structure channels (`pipelines.faces.layer_maps`), H, W image size.
"""

from torch import Tensor

from models.joints import FACE_LINES

JAW = 1  # lines before those of brows, nose, eyes and mouth
SPREAD = (
    0.1  # exponent that widens lines to the areas around them, with which they fade at five pixels and end at eight
)
TOUCHING = 0.3  # the same for lips and lids, of which two pixels next to where they may touch count
EYES = slice(5, 9), slice(len(FACE_LINES) + 1, len(FACE_LINES) + 3)  # channels of lids, and of what is between them
MOUTH = slice(11, 13), slice(len(FACE_LINES), len(FACE_LINES) + 1)  # of the inner lines of the lips


def weigh_features(structure: Tensor) -> Tensor:
    """[B, 1, H, W] from structure maps [B, S, H, W]: 1 at brows, nose, eyes and mouth, fading around them."""
    return structure[:, JAW : len(FACE_LINES)].float().amax(1, keepdim=True).clamp(min=0) ** SPREAD


def weigh_openings(structure: Tensor) -> tuple[Tensor, Tensor]:
    """Mouths and eyes, [B, 1, H, W] each, from structure maps [B, S, H, W] with openings: 1 between lips or lids, and
    where they touch, fading around them."""
    mouths, eyes = (_cover(structure, *channels) for channels in (MOUTH, EYES))
    return mouths, eyes


def _cover(structure: Tensor, lines: slice, openings: slice) -> Tensor:
    edges = structure[:, lines].float().amax(1, keepdim=True).clamp(min=0) ** TOUCHING
    return structure[:, openings].float().amax(1, keepdim=True).maximum(edges)
