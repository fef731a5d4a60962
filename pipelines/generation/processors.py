"""How a picture and its poses get onto a network's canvas, and how what the network makes of them comes back.

Each kind of weights has its processor, because networks must see what they were trained with. The chains make one per
source picture and driving motion (`pipelines.generation.processor_choice`), `pipelines.generation.rollout` asks it for
the network's inputs, `pipelines.generation.video_output` for finished frames. T frames; H, W size of the picture; h, w
size of the network's canvas, C its image channels, S its structure channels. Pictures are uint8 RGB.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

from models.generators.animation import AnimationGenerator, Step
from models.generators.picture import Picture
from pipelines.compositing.backgrounds import Background
from pipelines.compositing.full_resolution import clip_premultiplied
from pipelines.compositing.matte import Matte
from pipelines.faces.expressions import Expressions
from pipelines.generation.visualization import compare_people
from pipelines.keypoints.layouts import coco17_to_openpose18
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.keypoints.retargeting import retarget_coco17
from pipelines.keypoints.structure_maps import MISSING, person_maps
from pipelines.keypoints.structure_poses import StructurePose
from pipelines.keypoints.tracking import CONFIDENT
from pipelines.media.boxes import Box
from pipelines.media.tensors import image_to_tensor, tensor_to_image
from pipelines.option_groups import Framing, Quality, Retarget

CANVAS = 256  # pixels


@dataclass(frozen=True)
class NetworkInputs:
    """A pose as a generator reads it."""

    drawing: np.ndarray | StructurePose
    """The structure map float32 [S, h, w], or the pose that it shows, to be drawn where the network runs."""
    joints: np.ndarray | None = None
    """Human3.6M-17 joints [17, 2] in pixels of the canvas, where the network asks for them; [69, 2] with the
    `models.joints.DETAIL_POINTS`, NaN where not known."""

    @property
    def structure(self) -> np.ndarray:
        """The structure map, float32 [S, h, w]."""
        return self.drawing.draw() if isinstance(self.drawing, StructurePose) else self.drawing


@dataclass(frozen=True)
class OtherCanvas:
    """A further picture of the person on the canvas of the source picture."""

    person: np.ndarray
    """Cut out and put where the source person is: premultiplied RGBA [bottom - top, right - left, 4] of the box."""
    canvas: np.ndarray
    """What the network sees of it, as `FrameProcessor.canvas`."""
    inputs: NetworkInputs
    """Its pose."""


class FrameProcessor(ABC):
    """One source picture in front of one network."""

    picture: np.ndarray
    """The source picture [H, W, 3]."""
    poses: np.ndarray
    """The poses to generate, Human3.6M-17 [T, 17, 2] in pixels of the picture; of faces landmarks [T, 68, 3]."""
    canvas: np.ndarray
    """What the network sees of the picture, ready for it: float32 [C, h, w]."""
    box: Box
    """The region of the picture that is generated: left, top, right, bottom in pixels."""
    background: Background | None = None
    """What is behind the person, if the network makes the person alone."""
    certainty: float | None = None
    """How sure the outline of the person is, 0 to 1, if the network makes the person alone."""
    notes: tuple[str, ...] = ()
    """What the user should know about the picture, one line each."""
    plate: np.ndarray | None = None
    """The region of the picture without the person, [bottom - top, right - left, 3], if the network makes the person
    alone."""
    others: tuple[OtherCanvas, ...] = ()
    """Further pictures of the person."""

    @property
    def people(self) -> "Sequence[FrameProcessor]":
        """Whom the network makes for a frame, each an item of its batch, with canvases of one size."""
        return (self,)

    def put_on(self, background: Background) -> None:
        """Show the person before another background; only where the network makes the person alone."""
        self.background = background

    def move_face(
        self, expressions: Expressions, generator: AnimationGenerator, precision: AbstractContextManager
    ) -> None:
        """Move the source's face with this generator of faces, in this precision; only where the network makes the
        person alone, others are refused before (`video_output.check_face`)."""
        raise TypeError(f"{type(self).__name__} makes no layers, whose faces could be moved")

    def add_picture(self, person: SourcePerson, matte: Matte) -> None:
        """Use a further picture of the person, cut out; only where the network makes the person alone, others are
        refused before (`further_pictures.check_further_pictures`).

        Raises InputError: a pose that can't be measured.
        """
        raise TypeError(f"{type(self).__name__} makes no layers, for which there could be further pictures")

    @abstractmethod
    def source_inputs(self) -> NetworkInputs:
        """The pose of the source picture itself."""

    @abstractmethod
    def frame_inputs(self, frame: int) -> NetworkInputs:
        """The pose to generate in a frame, counted from 0; asked for once per frame, in order."""

    def fit_shadow(self, shadow: np.ndarray) -> float:
        """How much, 0 to 1, of the shadows [h, w] that the network makes suits the background; `shadow` is the one that
        it makes for the pose of the source picture."""
        return 1.0

    @abstractmethod
    def output_size(self, framing: Framing) -> tuple[int, int]:
        """Width and height of the results in pixels."""

    def begin_frame(self, output: Step | Picture, framing: Framing) -> "PendingFrame":
        """Begin to make the frame of a network's output (a batch of the `people`); called once per frame, in order.

        What a GPU does is queued here, in the thread of the network. The returned function finishes the frame, also in
        order, maybe in another thread; see `postprocess`.
        """
        return partial(self.postprocess, output, framing)

    @abstractmethod
    def postprocess(self, output: Step | Picture, framing: Framing) -> np.ndarray:
        """The frame [height, width, 3] that a network's output (a batch of the `people`) makes; called once per frame,
        in order.

        With `framing` "full" it is the picture with the generated region in it, with "crop" that region alone.
        """

    def memory(self) -> "PendingMemory":
        """What the next frame needs of those that were begun; nothing where frames are independent.

        Called as `begin_frame`, behind it; the returned function when those frames are finished.
        """
        return dict

    def recall(self, memory: dict[str, Tensor], frames: int) -> None:  # noqa: B027 (nothing is remembered by default)
        """Go on behind that many frames of another processor of the same inputs, with what it remembered then."""

    @abstractmethod
    def comparison(self, frame: int, driving: np.ndarray | None, result: np.ndarray) -> np.ndarray:
        """source | driving | skeleton | result, as high as the result.

        Args:
            frame: its number, from 0.
            driving: the driving frame [height, width, 3]; None if there is none to show.
            result: what `postprocess` returned for the frame.
        """


class PersonProcessor(FrameProcessor):
    """A person who takes the poses [T, 17, 2] that retargeting made of a driving motion."""

    def __init__(self, source: SourcePerson, driving: DrivingMotion, poses: np.ndarray, retarget: Retarget) -> None:
        self.source, self.driving, self.retarget = source, driving, retarget
        self.picture, self.poses = source.picture, poses

    def comparison(self, frame: int, driving: np.ndarray | None, result: np.ndarray) -> np.ndarray:
        motion = self.driving
        poses, own = self.poses[frame][None], motion.poses[frame][None]
        return compare_people(self.picture, poses, driving, own, motion.size, result)


class SquashProcessor(PersonProcessor):
    """The authors' animation weights: the source picture and the driving frame are squashed to a square, each from its
    own size; there is no detail head (docs/official-format.md, sections 3.5, 9.3 and 9.7)."""

    def __init__(
        self,
        source: SourcePerson,
        driving: DrivingMotion,
        poses: np.ndarray,
        retarget: Retarget,
        quality: Quality = "standard",
        *,
        height: int = CANVAS,
        width: int = CANVAS,
    ) -> None:
        super().__init__(source, driving, poses, retarget)
        self.height, self.width = height, width
        if quality != "standard":
            self.notes = (f"--quality {quality} has no effect: these weights make {width} x {height} pixels",)
        # Without retargeting the driving frame is used as it is: squashed, as in training, not fitted into the picture.
        frame = driving.size if retarget == "none" else source.size
        taken = driving.poses[..., :2] if retarget == "none" else poses  # [T, 17, 2]
        self.joints = self._squash(taken, frame)
        self.poses = taken * (np.array(source.size) / frame)
        squashed = Image.fromarray(self.picture).resize((width, height), Image.Resampling.BICUBIC)
        self.canvas = image_to_tensor(np.asarray(squashed)).numpy()
        self.box = (0, 0, *source.size)

    def source_inputs(self) -> NetworkInputs:
        pose = self._squash(self.source.detected[:, :2], self.source.size)
        return self._structure(np.where(self.source.seen[:, None], pose, 0), "coco17")

    def frame_inputs(self, frame: int) -> NetworkInputs:
        return self._structure(self.joints[frame], "h36m17")

    def output_size(self, framing: Framing) -> tuple[int, int]:
        return self.source.size if framing == "full" else (self.width, self.height)

    def postprocess(self, output: Step | Picture, framing: Framing) -> np.ndarray:
        result = tensor_to_image(output.image[0], rounding="truncate")
        if framing == "crop":
            return result
        enlarges = self.picture.size > result.size
        return cv2.resize(result, self.source.size, interpolation=cv2.INTER_CUBIC if enlarges else cv2.INTER_AREA)

    def _structure(self, joints: np.ndarray, layout: str) -> NetworkInputs:
        return NetworkInputs(StructurePose(joints, layout, self.height, self.width))

    def _squash(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Points [..., 2] of a picture of `size` (width, height) in pixels of the canvas."""
        return points.astype(np.float64) * (np.array([self.width, self.height]) / size)


class OpenPoseProcessor(SquashProcessor):
    """The authors' weights for single pictures of people: OpenPose-18 joints at whole pixels (section 9.2)."""

    def source_inputs(self) -> NetworkInputs:
        return self._maps(self.source.detected, self.source.size)

    def frame_inputs(self, frame: int) -> NetworkInputs:
        source, driving = self.source, self.driving
        if self.retarget == "none":
            return self._maps(driving.detected[frame], driving.size)
        own = source.detected if self.retarget == "body" else None
        taken = retarget_coco17(driving.detected[frame], driving.poses[frame], self.poses[frame], own=own)
        return self._maps(taken, source.size)

    def _maps(self, pose: np.ndarray, size: tuple[int, int]) -> NetworkInputs:
        """COCO-17 pose [17, 3] in a picture of `size` (width, height) -> structure [18, h, w]."""
        joints = coco17_to_openpose18(pose)  # [18, 3]
        known = np.where(joints[:, 2:] >= CONFIDENT, joints[:, :2], MISSING)
        return NetworkInputs(person_maps(known, height=self.height, width=self.width, annotated=(size[1], size[0])))


def to_network(rgba: np.ndarray) -> np.ndarray:
    """Premultiplied RGBA [h, w, 4], colours 0..255 -> what the network reads, float32 [4, h, w], colours -1..1."""
    rgba = np.ascontiguousarray(rgba, np.float32)
    clip_premultiplied(rgba)
    alpha = rgba[..., 3:]
    return np.concatenate([rgba[..., :3] / 127.5 - alpha, alpha], -1).transpose(2, 0, 1)


PendingMemory = Callable[[], dict[str, Tensor]]
"""See `FrameProcessor.memory`."""
PendingFrame = Callable[[], np.ndarray]
"""Finishes a frame uint8 [height, width, 3 or 4]; see `FrameProcessor.begin_frame`."""

ProcessorFactory = Callable[[SourcePerson, DrivingMotion, np.ndarray, Retarget, Quality], FrameProcessor]
