"""The project's own weights of people: the network makes the person alone, who is laid over a background.

H, W: source picture; h, w: canvas.
"""

from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from models.generators.animation import AnimationGenerator, Step
from models.generators.picture import Picture
from models.joints import DETAILED_STRUCTURES, STRUCTURE_CHANNELS
from pipelines.compositing.backgrounds import Background, PictureBackground
from pipelines.compositing.compositors import Compositor, make_compositor
from pipelines.compositing.device_compositor import DeviceCompositor
from pipelines.compositing.layers import Layer, PendingLayer, lay_over, to_rgba
from pipelines.compositing.matte import Matte
from pipelines.faces.expressions import Expressions
from pipelines.generation.cutout import OWN_ALPHA, CutOut
from pipelines.generation.expression_frames import ExpressionFrames
from pipelines.generation.processors import (
    CANVAS,
    NetworkInputs,
    OtherCanvas,
    PendingFrame,
    PendingMemory,
    PersonProcessor,
    to_network,
)
from pipelines.generation.shadows import fit_shadow
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.keypoints.similarity import Similarity
from pipelines.keypoints.structure_details import StructureDetails, find_source_details, retarget_details
from pipelines.keypoints.structure_poses import StructurePose
from pipelines.media.boxes import Box, crop
from pipelines.media.canvas_crop import CanvasCrop
from pipelines.option_groups import Framing, Quality, Retarget
from pipelines.runtime.device_copies import send

QUALITY_SIZES: dict[Quality, int] = {"fast": 192, "standard": 256, "best": 384}  # longer side of the canvas, pixels
FACE = "face."  # begins the names of what is remembered of the face
VISIBLE = 0.1  # coverage of what has to be on the canvas


class LayerProcessor(PersonProcessor):
    """A person on the rectangle in which they move, composed at the picture's resolution.

    Args:
        quality: chooses the longer side of the canvas, `QUALITY_SIZES`.
        cutout: the parts of the source picture.
        channels: of the structure maps that the network sees; one of `models.joints.DETAILED_STRUCTURES` has details.
    """

    background: Background
    plate: np.ndarray

    def __init__(
        self,
        source: SourcePerson,
        driving: DrivingMotion,
        poses: np.ndarray,
        retarget: Retarget,
        quality: Quality,
        *,
        cutout: CutOut,
        channels: int = STRUCTURE_CHANNELS,
    ) -> None:
        super().__init__(source, driving, poses, retarget)
        known = np.concatenate([poses.reshape(-1, 2), source.pose[:, :2], source.detected[source.seen, :2]])
        outline = _outline(cutout.matte.alpha > VISIBLE)
        self.cutout = cutout
        self.use_area(CanvasCrop.around(known, size=QUALITY_SIZES[quality], outline=outline))
        self.background = PictureBackground(cutout.plate)
        self.certainty = cutout.matte.certainty
        self.notes = tuple(filter(None, [cutout.note]))
        self.compositor: Compositor | None = None
        self.face: ExpressionFrames | None = None
        self.recalled: Tensor | None = None  # what its compositor begins with
        self.count = 0  # frames that were begun
        self.sent: tuple[torch.Tensor, Box] | None = None  # see `place_on_device`
        self.details: dict[str, StructureDetails] = {}
        self.channels = channels
        if channels in DETAILED_STRUCTURES:
            self.details = {"coco17": find_source_details(source), "h36m17": retarget_details(driving, poses)}

    def use_area(self, area: CanvasCrop) -> None:
        """Generate this rectangle of the picture."""
        self.area, self.box = area, area.box
        self.plate = crop(self.cutout.plate, self.box)
        self.person = crop(self.cutout.matte.premultiplied, self.box)  # where the picture cuts the person, it goes on
        self.canvas = to_network(area.resize(self.person))

    def move_face(
        self, expressions: Expressions, generator: AnimationGenerator, precision: AbstractContextManager
    ) -> None:
        parts = self.picture, self.person, self.plate, self.box
        self.face = ExpressionFrames(expressions, *parts, generator, precision)

    def add_picture(self, person: SourcePerson, matte: Matte) -> None:
        similarity = Similarity.between(person, self.source)
        cut = similarity.cut(matte.premultiplied, self.box)
        details = similarity.move_details(find_source_details(person)) if self.details else None
        inputs = self._pose_inputs(person.seen, similarity.move(person.detected), similarity.move(person.pose), details)
        self.others = *self.others, OtherCanvas(cut, to_network(self.area.resize(cut)), inputs)

    def source_inputs(self) -> NetworkInputs:
        source = self.source
        return self._pose_inputs(source.seen, source.detected, source.pose, self.details.get("coco17"))

    def frame_inputs(self, frame: int) -> NetworkInputs:
        if self.face:
            self.face.generate()
        joints = self.area.to_canvas(self.poses[frame])
        return self._inputs(joints, joints, "h36m17", self.details.get("h36m17"), frame)

    def fit_shadow(self, shadow: np.ndarray) -> float:
        if self.cutout.note == OWN_ALPHA or self.background.still is not self.cutout.plate:
            return 1.0  # nothing is known of the light, and no shadow is left behind
        picture = self.area.resize(self.area.cut(self.source.picture))
        return fit_shadow(shadow, picture, self.area.resize(self.plate), self.area.resize(self.person[..., 3]))

    def output_size(self, framing: Framing) -> tuple[int, int]:
        return self.background.size(self.source.size) if framing == "full" else (self.area.width, self.area.height)

    def memory(self) -> PendingMemory:
        assert self.compositor is not None
        person, face = self.compositor.memory(), self.face

        def finish() -> dict[str, Tensor]:
            own = {f"{FACE}{name}": tensor for name, tensor in face.memory().items()} if face else {}
            return {"person": person()} | own

        return finish

    def recall(self, memory: dict[str, Tensor], frames: int) -> None:
        self.count, self.recalled = frames, memory["person"]
        if self.face:
            own = {name.removeprefix(FACE): tensor for name, tensor in memory.items() if name.startswith(FACE)}
            self.face.recall(own, frames)

    def begin_frame(self, output: Step | Picture, framing: Framing) -> PendingFrame:
        assert isinstance(output, Step)
        number, self.count = self.count, self.count + 1
        if compositor := self.find_device_compositor(output):
            picture = compositor.make(output).lay_over(*self.place_on_device(framing, output.image.device))
            return lambda: picture()[0]
        layer = self.begin_layer(output)
        return lambda: self._finish(self.background.place(layer(), number), number, framing)

    def find_device_compositor(self, step: Step) -> DeviceCompositor | None:
        """What makes the layer of a step, if all that remains to be done with it can be done on a GPU as well."""
        compositor = self._find_compositor(step)
        can_stay = self.background.still is not None and self.face is None
        return compositor if isinstance(compositor, DeviceCompositor) and can_stay else None

    def begin_layer(self, step: Step) -> PendingLayer:
        """The layer of the next step (a batch of 1), to be finished later, in order."""
        layer, face = self._find_compositor(step).begin(step), self.face
        return (lambda: face.put_into(layer(), step)) if face else layer

    def postprocess(self, output: Step | Picture, framing: Framing) -> np.ndarray:
        return self.begin_frame(output, framing)()

    def _find_compositor(self, step: Step) -> Compositor:
        if self.compositor is None:
            people = [self.person, *(other.person for other in self.others)]
            self.compositor = make_compositor(people, self.box, step.image.device, self.recalled)
        return self.compositor

    def _finish(self, layer: Layer, number: int, framing: Framing) -> np.ndarray:
        """The frame with this number, of its layer."""
        behind = self.background.frame(number)
        if framing == "crop":
            layer = replace(layer, box=self._in_own_box(layer.box))
            behind = None if behind is None else crop(behind, self.box)
        width, height = self.output_size(framing)
        return to_rgba(layer, height, width) if behind is None else lay_over(behind, layer)

    def place_on_device(self, framing: Framing, device: torch.device) -> tuple[torch.Tensor, Box]:
        """The background that stays the same, on the device, and where the person's box is in it."""
        if self.sent is None:
            assert self.background.still is not None
            cropped = framing == "crop"
            behind = crop(self.background.still, self.box) if cropped else self.background.still
            box = self._in_own_box(self.box) if cropped else self.box
            self.sent = send(torch.from_numpy(np.ascontiguousarray(behind)), device), box
        return self.sent

    def _in_own_box(self, box: Box) -> Box:
        """A box of the picture as it is in the person's box."""
        x, y = self.box[:2]
        return box[0] - x, box[1] - y, box[2] - x, box[3] - y

    def _pose_inputs(
        self, seen: np.ndarray, detected: np.ndarray, pose: np.ndarray, details: StructureDetails | None
    ) -> NetworkInputs:
        """A person in a picture, in pixels of the source picture: COCO-17 [17, 3] as detected, of which some joints are
        `seen` [17], and Human3.6M-17 [17, 3]."""
        points = np.where(seen[:, None], self.area.to_canvas(detected), 0)
        return self._inputs(points, self.area.to_canvas(pose), "coco17", details)

    def _inputs(
        self, points: np.ndarray, joints: np.ndarray, layout: str, details: StructureDetails | None, frame: int = 0
    ) -> NetworkInputs:
        """Points [17, 2 or 3] that are drawn, and Human3.6M-17 joints [17, 2 or 3], in pixels of the canvas."""
        rows, columns = self.area.rows, self.area.columns
        scale = max(rows, columns) / CANVAS
        pose = StructurePose(points, layout, rows, columns, scale)
        if details is None:
            return NetworkInputs(pose, joints[:, :2])
        known, depth = details.on_canvas(self.area, frame)
        pose = replace(pose, details=(known, depth), channels=self.channels)
        return NetworkInputs(pose, np.concatenate([joints[:, :2], known]))


def _outline(person: np.ndarray) -> Box | None:
    """The box of what is True in `person` [H, W]; None if nothing is."""
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
