"""The project's own face weights: head and shoulders are made alone and laid over the picture at its own resolution.

`face_animation` makes a `FaceLayerProcessor` of the source picture and the retargeted landmarks.

H, W: source picture; T frames; landmarks are [K, 2] x, y in pixels, K = 68, or 70 with irises.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from models.generators.animation import Step
from models.generators.picture import Picture
from pipelines.compositing.compositors import Compositor, make_compositor
from pipelines.compositing.layers import lay_over
from pipelines.compositing.matte import estimate_matte
from pipelines.compositing.paste import box_mask, paste
from pipelines.faces.drawing import draw_landmarks
from pipelines.faces.face_maps import extend_landmarks
from pipelines.faces.layer_maps import draw_face_maps, place_irises
from pipelines.generation.cutout import Fill, describe_certainty, find_hole
from pipelines.generation.panels import title_panels
from pipelines.generation.processors import FrameProcessor, NetworkInputs, PendingFrame, PendingMemory, to_network
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.masks import find_mask
from pipelines.media.boxes import Box, crop
from pipelines.option_groups import Framing

CANVAS = 256  # pixels
SQUARE_WIDTHS = 2.4  # side of the square in widths of the source's landmarks, as far as training had it
ROOM = 1.25  # side of the square at least, in sides of the box in which all landmarks move
LIFT = 0.16  # how far the square's centre is above that of the landmarks, in its sides: they end at the brows
SURROUNDINGS = (2.6, 2.6, 3.4)  # what is looked at to cut the person out: beside, above and below the face's middle
FEATHER = 0.08  # width of the square's soft edge, in its sides
DRAWN_AT_ONCE = 4  # frames whose structure maps are drawn together: one by one takes three times longer
# Where the joints of a person below a face are on average, COCO-17: nose, eyes, ears, shoulders, hips, knees. As
# SURROUNDINGS from the middle of the landmarks, in their width.
JOINTS = {
    0: (0.0, 0.0), 1: (0.25, -0.3), 2: (-0.25, -0.3), 3: (0.5, -0.2), 4: (-0.5, -0.2), 5: (1.2, 1.1), 6: (-1.2, 1.1),
    11: (0.7, 3.2), 12: (-0.7, 3.2), 13: (0.7, 5.2), 14: (-0.7, 5.2),
}  # fmt: skip


@dataclass(frozen=True)
class FaceCutOut:
    """The square of a source picture around a face, taken apart."""

    picture: np.ndarray
    """The whole picture, uint8 RGB [H, W, 3]."""
    box: Box
    """The square in it: left, top, right, bottom in pixels."""
    person: np.ndarray
    """The person in the square, premultiplied float32 RGBA, colours 0..255."""
    plate: np.ndarray
    """The square without the person, uint8 RGB."""
    certainty: float
    """How sure the person's outline is, 0 to 1."""


def cut_out_face(
    picture: np.ndarray, landmarks: np.ndarray, poses: np.ndarray, detector: KeypointDetector, fill: Fill, device: str
) -> FaceCutOut:
    """Take apart the square in which a face will move.

    Args:
        picture: uint8 RGB [H, W, 3].
        landmarks: of the source face [68, 2].
        poses: all landmarks to come [T, 68, 2].
        detector: marks the person, if it can.
        device: of the networks that stand in for it.

    Raises:
        BackendUnavailable: mattes can't be made here.
    """
    box = find_square(landmarks, poses, (picture.shape[1], picture.shape[0]))
    middle, width = landmarks.mean(0), float(np.ptp(landmarks[:, 0]))
    beside, above, below = (round(share * width) for share in SURROUNDINGS)
    x, y = np.round(middle).astype(int).tolist()
    left, top = max(min(x - beside, box[0]), 0), max(min(y - above, box[1]), 0)
    around = picture[top : max(y + below, box[3]), left : max(x + beside, box[2])]
    pose = _guess_pose(middle - (left, top), width)
    mask = find_mask(around, pose, detector=detector, device=device)
    matte = estimate_matte(around, _include_face(mask, landmarks - (left, top)))
    plate = fill(around.copy(), find_hole(matte.alpha, pose))
    inside = box[0] - left, box[1] - top, box[2] - left, box[3] - top
    return FaceCutOut(picture, box, crop(matte.premultiplied, inside), crop(plate, inside), matte.certainty)


def find_square(landmarks: np.ndarray, poses: np.ndarray, size: tuple[int, int]) -> Box:
    """The square for the source's landmarks [K, 2] and all to come [T, K, 2] in a picture of `size`, which it does
    not leave."""
    extent = float(np.ptp(landmarks, 0).max())
    points = np.concatenate([landmarks[None], poses]).reshape(-1, 2)
    low, high = points.min(0), points.max(0)
    side = min(round(max(SQUARE_WIDTHS * extent, ROOM * float((high - low).max()))), *size)
    centre = (low + high) / 2 - (0, LIFT * side)
    left, top = np.clip(np.round(centre - side / 2), 0, np.array(size) - side).astype(int).tolist()
    return left, top, left + side, top + side


def _guess_pose(middle: np.ndarray, width: float) -> np.ndarray:
    """The pose COCO-17 [17, 3] of whoever has a face of this middle [2] and width: enough to tell who is meant."""
    pose = np.zeros((17, 3), np.float32)
    for joint, offset in JOINTS.items():
        pose[joint] = *(middle + width * np.array(offset)), 1
    return pose


def _include_face(mask: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The mask [H, W] of a person, or that of the face with these landmarks [68, 2] if it misses most of it, as it does
    in drawings."""
    face = np.zeros_like(mask)
    cv2.fillConvexPoly(face, cv2.convexHull(extend_landmarks(landmarks).astype(np.int32)), 1.0)
    return mask if (mask * face).sum() > face.sum() / 2 else face


class FaceLayerProcessor(FrameProcessor):
    """The face of a picture that takes the landmarks `poses` [T, K, 2], in pixels of the picture.

    Args:
        landmarks: its own [K, 2].
        driving: landmarks of the driving face [T, 68 or 70, 2 or 3], to be shown beside the result.
        channels: of the structure maps that the generator sees, see `draw_face_maps`.
    """

    def __init__(
        self, source: FaceCutOut, landmarks: np.ndarray, poses: np.ndarray, driving: np.ndarray, *, channels: int
    ) -> None:
        self.channels = channels
        self.source, self.landmarks, self.poses, self.driving = source, landmarks, poses, driving
        self.picture, self.box, self.plate = source.picture, source.box, source.plate
        self.side = self.box[2] - self.box[0]
        how = cv2.INTER_AREA if self.side > CANVAS else cv2.INTER_LINEAR
        self.canvas = to_network(cv2.resize(source.person, (CANVAS, CANVAS), interpolation=how))
        self.mask = box_mask(self.picture, self.box, FEATHER * self.side)
        self.certainty = source.certainty
        self.notes = tuple(filter(None, [describe_certainty(source.certainty)]))
        self.drawn: dict[int, NetworkInputs] = {}  # the latest frames
        self.compositor: Compositor | None = None
        self.recalled: torch.Tensor | None = None  # what its compositor begins with

    def source_inputs(self) -> NetworkInputs:
        return self._draw(self.landmarks[None])[0]

    def frame_inputs(self, frame: int) -> NetworkInputs:
        if frame not in self.drawn:
            following = self.poses[frame : frame + DRAWN_AT_ONCE]
            self.drawn = dict(enumerate(self._draw(following), frame))
        return self.drawn[frame]

    def output_size(self, framing: Framing) -> tuple[int, int]:
        height, width = self.picture.shape[:2]
        return (width, height) if framing == "full" else (self.side, self.side)

    def begin_frame(self, output: Step | Picture, framing: Framing) -> PendingFrame:
        assert isinstance(output, Step)
        if self.compositor is None:
            box = 0, 0, self.side, self.side
            self.compositor = make_compositor([self.source.person], box, output.image.device, self.recalled)
        layer = self.compositor.begin(output)

        def finish() -> np.ndarray:
            made = lay_over(self.source.plate, layer())
            return made if framing == "crop" else paste(self.picture, made, self.box, self.mask)

        return finish

    def postprocess(self, output: Step | Picture, framing: Framing) -> np.ndarray:
        return self.begin_frame(output, framing)()

    def memory(self) -> PendingMemory:
        assert self.compositor is not None
        composed = self.compositor.memory()
        return lambda: {"composed": composed()}

    def recall(self, memory: dict[str, torch.Tensor], frames: int) -> None:
        self.recalled = memory["composed"]

    def comparison(self, frame: int, driving: np.ndarray | None, result: np.ndarray) -> np.ndarray:
        """source | driving | landmarks | result, with their titles."""
        panels = {"source": self.picture}
        if driving is not None:
            drawn = draw_landmarks(driving.shape[0], driving.shape[1], self.driving[frame])
            panels |= {"driving": driving, "landmarks": drawn}
        return title_panels(panels | {"result": result}, height=result.shape[0])

    def _draw(self, landmarks: np.ndarray) -> list[NetworkInputs]:
        """Poses of landmarks [N, K, 2] in pixels of the picture."""
        placed = (landmarks - self.box[:2] + 0.5) * (CANVAS / self.side) - 0.5
        points = torch.from_numpy(placed.astype(np.float32))
        maps = draw_face_maps(points, size=CANVAS, channels=self.channels)
        return [NetworkInputs(*each) for each in zip(maps.numpy(), place_irises(points).numpy(), strict=True)]
