"""The driving video without its person: a bar walks before a wall, a ball moves, light flickers, cameras pan."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import cv2
import numpy as np
import pytest

from pipelines.compositing.driving import DrivingBackground, grow
from pipelines.compositing.layers import Layer
from pipelines.media.sources import Frame

HEIGHT, WIDTH, FRAMES = 120, 200, 24
BALL = (60, 220, 60)
Video = tuple[list[Frame], list[np.ndarray], np.ndarray]
"""Frames, what they would show without the person, and where the person is: left edges, as poses [T, 17, 3]."""


def make_wall(width: int = WIDTH) -> np.ndarray:
    """Something with corners everywhere."""
    chance = np.random.default_rng(3)
    wall = np.full((HEIGHT, width, 3), 120, np.uint8)
    for _ in range(width):
        x, y = chance.integers(0, width), chance.integers(0, HEIGHT)
        colour = chance.integers(60, 190, 3).tolist()
        cv2.rectangle(wall, (int(x), int(y)), (int(x) + 9, int(y) + 7), colour, -1)
    return wall


def make_video(pan: int = 0, flicker: int = 0, step: int = 6) -> Video:
    """Of a person who walks by `step` pixels a frame; the camera pans by `pan` pixels a frame."""
    wall = make_wall(WIDTH + pan * FRAMES)
    frames, empty, poses = [], [], np.zeros((FRAMES, 17, 3))
    for number in range(FRAMES):
        image = wall[:, pan * number : pan * number + WIDTH].astype(int) + flicker * (number % 3)
        image = np.clip(image, 0, 255).astype(np.uint8)
        cv2.circle(image, (190 - 7 * number, 12), 5, BALL, -1)
        empty.append(image)
        left = 10 + step * number
        poses[number, 0, 0] = left
        frames.append(Frame(image.copy(), number, 1))
        frames[-1].image[30:110, left : left + 24] = 15
    return frames, empty, poses


def find_bar(image: np.ndarray, pose: np.ndarray) -> np.ndarray:
    mask = np.zeros(image.shape[:2], np.float32)
    left = int(pose[0, 0])
    mask[30:110, left : left + 24] = 1
    return mask


def find_bars(poses: np.ndarray, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    return (find_bar(image, pose) for image, pose in zip(images, poses, strict=True))


def paint_red(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    return np.where(hole[..., None] > 0, np.array((255, 0, 0), np.uint8), picture)


def make_background(video: Video, fill: Callable = paint_red) -> DrivingBackground:
    frames, _, poses = video
    place = 0.5, np.stack([np.arange(FRAMES), np.zeros(FRAMES)], 1)
    find = partial(find_bars, poses)
    return DrivingBackground(frames, "walk.mp4", FRAMES, find_masks=find, fill=fill, places=[place])


def differences(video: Video) -> np.ndarray:
    """Mean difference of each frame from what the video would show without the person, where that one is."""
    background = make_background(video)
    _, empty, poses = video
    found = []
    for number, truth in enumerate(empty):
        masked = find_bar(truth, poses[number]) > 0
        found.append(np.abs(background.frame(number).astype(int) - truth)[masked].mean())
    return np.array(found)


def test_the_wall_behind_the_person_appears_and_everything_else_goes_on_moving() -> None:
    video = make_video()
    background = make_background(video)
    assert differences(video).max() < 3
    assert background.notes == []
    for number, truth in enumerate(video[1]):
        frame = background.frame(number)
        assert np.abs(frame[:20].astype(int) - truth[:20]).max() <= 1  # the ball


def test_light_that_flickers_is_matched() -> None:
    assert differences(make_video(flicker=8)).max() < 4


def test_a_camera_that_pans_is_followed_and_noted() -> None:
    video = make_video(pan=3)
    assert np.median(differences(video)) < 12
    (note,) = make_background(video).notes
    assert note.startswith("the camera of walk.mp4 moves")


def test_what_is_never_seen_is_filled_in() -> None:
    video = make_video(step=0)
    background = make_background(video)
    middle = background.frame(3)[60:80, 18:26]
    assert (middle[..., 0] > 200).all()
    assert (middle[..., 1] < 60).all()


def test_the_output_has_the_size_of_the_video_and_people_have_their_place_in_it() -> None:
    background = make_background(make_video())
    assert background.size((30, 40)) == (WIDTH, HEIGHT)
    layer = Layer(np.full((8, 8, 3), 90, np.float32), np.ones((8, 8), np.float32), (20, 40, 28, 48))
    moved = background.place(layer, 5)
    assert moved.alpha.sum() == pytest.approx(16, rel=0.05)
    rows, columns = np.nonzero(moved.alpha > 0.5)
    assert columns.mean() + moved.box[0] == pytest.approx(0.5 * 23.5 + 5, abs=0.3)
    assert rows.mean() + moved.box[1] == pytest.approx(0.5 * 43.5, abs=0.3)


def test_a_frame_without_the_person_stays_as_it_is() -> None:
    _, empty, _ = make_video()
    nowhere = DrivingBackground(
        [Frame(image, number, 1) for number, image in enumerate(empty)],
        "empty.mp4",
        FRAMES,
        find_masks=lambda images: (np.zeros(image.shape[:2], np.float32) for image in images),
        fill=paint_red,
        places=[(1.0, np.zeros((FRAMES, 2)))],
    )
    assert all((nowhere.frame(number) == image).all() for number, image in enumerate(empty))


def test_a_mask_is_wider_than_the_person_and_soft() -> None:
    mask = np.zeros((400, 300), np.float32)
    mask[100:300, 100:200] = 1
    wide = grow(mask)
    assert wide[100:300, 100:200].min() == pytest.approx(1, abs=0.01)
    assert (wide[200] > 0.9).sum() > 102
    assert 0 < ((wide > 0) & (wide < 0.9)).sum() < 8000
    assert wide[:80].max() == wide[:, :80].max() == 0
