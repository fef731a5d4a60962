"""The driving video without its person, as a background: everything else in it goes on moving.

Frames are uint8 RGB [H, W, 3], masks float32 [H, W], 1 where the person is. Two passes: samples of the video for what
the person hides, then frame after frame.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import cv2
import numpy as np

from pipelines.compositing.backgrounds import Background, Size
from pipelines.compositing.layers import Layer
from pipelines.compositing.moved_layers import move_layer
from pipelines.compositing.spreading import spread
from pipelines.compositing.temporal_plate import Fill, Sample, TemporalPlate
from pipelines.media.sources import Frame

SAMPLES = 40  # frames of the video at most
SAMPLE_BYTES = 240_000_000  # of all samples at most
BYTES_PER_PIXEL = 7  # of a sample: colours and a mask
MASK_SIDE = 320  # pixels; the networks' masks have 256
PERSON = 0.3  # a mask from which on a pixel is the person's
FAINT = 1 / 255  # of a soft edge; less is nothing
MAX_CHANGE = 40  # levels by which light may change
LIGHT_SHRINK = 8  # light is matched at this share of the size
MARGIN = 0.03  # by which the mask is grown, as a share of the person's height; half of it is soft

MaskFinder = Callable[[Iterable[np.ndarray]], Iterable[np.ndarray]]
"""Frames in order -> masks of the people who are taken out."""
DriverPlace = tuple[float, np.ndarray]


class DrivingBackground(Background):
    """The driving video, its people replaced by those of the picture, who have the same places and sizes.

    Args:
        video: its frames, which can be read several times, upright.
        name: of the video, for notes.
        count: of its frames, about.
        find_masks: marks those people in all frames.
        fill: makes up what the video never shows.
        places: scale and shifts [T, 2] for each of the people: a point x, y of the source picture is at
            scale * x + shift of the frame.
        advance: is called after every frame of the first pass.
    """

    def __init__(
        self,
        video: Iterable[Frame],
        name: str,
        count: int,
        *,
        find_masks: MaskFinder,
        fill: Fill,
        places: Sequence[DriverPlace],
        advance: Callable[[], None] = lambda: None,
    ) -> None:
        self.places = places
        self.masks: list[np.ndarray] = []  # of all frames, as PNG
        samples: list[Sample] = []
        waiting: deque[np.ndarray] = deque()  # frames without a mask
        for number, mask in enumerate(find_masks(_remember(video, waiting))):
            image = waiting.popleft()
            self.masks.append(_pack(mask))
            if number % max(1, -(-count // _most_samples(image))) == 0:
                samples.append(self._mask(image, number))
            advance()
        self.shape = samples[0].image.shape
        self.plate = TemporalPlate(samples, fill)
        self.frames = iter(video)
        self.number, self.image = -1, samples[0].image  # the last frame that was read
        self.shown: np.ndarray | None = None  # the same without the person
        moving = f"the camera of {name} moves: what its person hides is put together from frames nearby and may not fit"
        self.notes = [moving] if self.plate.moves else []

    def size(self, picture: Size) -> Size:
        return self.shape[1], self.shape[0]

    def place(self, layer: Layer, number: int, person: int = 0) -> Layer:
        scale, shifts = self.places[person]
        x, y = shifts[number]
        return move_layer(layer, scale, (float(x), float(y)))

    def place_poses(self, poses: np.ndarray, person: int = 0) -> np.ndarray:
        scale, shifts = self.places[person]
        return scale * poses + shifts[:, None]

    def frame(self, number: int) -> np.ndarray:
        while self.number < number:
            self.image = next(self.frames).image
            self.number += 1
            self.shown = None
        if self.shown is None:
            self.shown = self._take_person_out(self.image)
        return self.shown

    def _take_person_out(self, image: np.ndarray) -> np.ndarray:
        frame = self._mask(image, self.number)
        if not frame.mask.any():
            return image
        left, top, right, bottom = box = frame.surroundings()
        part = frame.cut(box)
        soft, behind = part.mask[..., None], self.plate.behind(frame)[top:bottom, left:right]
        behind = match_light(behind, part.image, part.mask)
        result = image.copy()
        result[top:bottom, left:right] = np.clip(part.image * (1 - soft) + behind * soft + 0.5, 0, 255)
        return result

    def _mask(self, image: np.ndarray, number: int) -> Sample:
        mask = cv2.imdecode(self.masks[number], cv2.IMREAD_GRAYSCALE)
        assert mask is not None
        scaled = cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return Sample(number, image, grow(scaled / np.float32(255)))


def _remember(video: Iterable[Frame], waiting: deque[np.ndarray]) -> Iterator[np.ndarray]:
    """The pictures of the frames, each put into `waiting` when it is taken."""
    for frame in video:
        waiting.append(frame.image)
        yield frame.image


def _most_samples(image: np.ndarray) -> int:
    return max(2, min(SAMPLES, SAMPLE_BYTES // (BYTES_PER_PIXEL * image.shape[0] * image.shape[1])))


def _pack(mask: np.ndarray) -> np.ndarray:
    """A mask float32 [H, W] as a PNG of MASK_SIDE pixels: those of all frames have to fit into memory."""
    scale = min(1.0, MASK_SIDE / max(mask.shape))
    small = cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".png", np.rint(small * 255).astype(np.uint8))[1]


def grow(mask: np.ndarray) -> np.ndarray:
    """The mask of a person, wider by MARGIN of the person's height, with a soft edge."""
    rows = np.flatnonzero((mask > PERSON).any(1))
    if not len(rows):
        return np.zeros_like(mask, np.float32)
    reach = max(2.0, MARGIN * (rows[-1] - rows[0] + 1))
    shrink = max(1, int(reach / 3))  # a mask is coarser than its frame
    size = -(-mask.shape[1] // shrink), -(-mask.shape[0] // shrink)
    small = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > PERSON).astype(np.float32)
    side = 2 * round(reach / shrink) + 1
    wide = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    soft = cv2.resize(cv2.GaussianBlur(wide, (0, 0), side / 8), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(soft < FAINT, 0, soft)


def match_light(plate: np.ndarray, frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The plate float32 [H, W, 3], inside of the mask as bright as the frame is around it: film flickers, shadows move.

    What differs by more than MAX_CHANGE is something else and not looked at.
    """
    size = -(-mask.shape[1] // LIGHT_SHRINK), -(-mask.shape[0] // LIGHT_SHRINK)
    here, there, covered = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (frame, plate, mask))
    change = here.astype(np.float32) - there
    known = ((covered == 0) & (np.abs(change).max(-1) < MAX_CHANGE)).astype(np.float32)
    around = cv2.resize(spread(change, known, 1), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return plate + around
