"""Pictures and landmarks of talking heads agree: every test compares the pixels with the points."""

import dataclasses
import functools
import importlib.util

import numpy as np
import pytest
import torch
from torch import Tensor

from pipelines.faces.face_maps import face_structure
from pipelines.faces.landmarks import DlibLandmarks
from pipelines.synthetic.people.shading import Appearance, sample_appearance
from pipelines.synthetic.people.textures import SLOTS, sample_outfit
from pipelines.synthetic.talking import talking
from pipelines.synthetic.talking.features import sample_features
from pipelines.synthetic.talking.heads import FACE, Head, sample_head
from pipelines.synthetic.talking.landmarks import measure_landmarks
from pipelines.synthetic.talking.paint import FacePaint, sample_face_paint
from pipelines.synthetic.talking.talking import render_heads, sample_talking

SIZE, PEOPLE = 144, 3
LIPS, EYES, CHIN = slice(48, 60), slice(36, 48), slice(6, 11)
Scene = tuple[Head, Appearance, FacePaint]


@functools.cache
def scene() -> Scene:
    """Evenly lit faces; hair, clothes and all else are black, and so is the background."""
    generator = torch.Generator().manual_seed(5)
    outfit = sample_outfit(PEOPLE, generator)
    head = sample_head(outfit, 1, SIZE, generator)
    atlas = torch.zeros(PEOPLE, len(SLOTS), 3, 8, 8)
    atlas[:, FACE] = 1
    appearance = sample_appearance(atlas, outfit, generator)
    appearance.ambient = torch.full_like(appearance.ambient, 0.8)
    appearance.key = torch.zeros_like(appearance.key)
    paint = sample_face_paint(torch.full((PEOPLE, 3), 0.8), torch.full((PEOPLE, 3), 0.8), generator)
    return head, appearance, dataclasses.replace(paint, beard=torch.zeros(PEOPLE, 1))


def posed(**expression: float) -> Head:
    """The scene's people with this expression."""
    head = scene()[0]
    values = {name: torch.full_like(getattr(head.features, name), value) for name, value in expression.items()}
    return dataclasses.replace(head, features=dataclasses.replace(head.features, **values))


def picture(head: Head, **paint: Tensor) -> Tensor:
    """Pictures [N, 3, SIZE, SIZE] of the head, some colours changed."""
    _, appearance, colours = scene()
    return render_heads(head, appearance, dataclasses.replace(colours, **paint), torch.zeros(PEOPLE, 3, SIZE, SIZE))


def box(mask: Tensor) -> Tensor:
    """Left, top, right, bottom of what is true in [H, W]."""
    y, x = mask.nonzero(as_tuple=True)
    return torch.stack([x.min(), y.min(), x.max(), y.max()]).float()


def around(points: Tensor) -> Tensor:
    """The same of points [K, 2]."""
    return torch.cat([points.amin(0), points.amax(0)])


def red() -> Tensor:
    return torch.tensor([[1.0, 0.0, 0.0]]).expand(PEOPLE, -1)


def at(seen: Tensor, point: Tensor) -> Tensor:
    """Colour [3] of a picture at x, y."""
    x, y = point.round().long().tolist()
    return seen[:, y, x]


def redness(seen: Tensor, point: Tensor) -> float:
    colour = at(seen, point)
    return float(colour[0] - colour[1])


def brightness(seen: Tensor, point: Tensor) -> float:
    return float(at(seen, point).mean())


@pytest.mark.parametrize("opening", [0.0, 0.018])
def test_the_lips_are_where_their_landmarks_are(opening: float) -> None:
    head = posed(opening=opening, smile=0.003)
    for seen, face in zip(picture(head, lip=red()), measure_landmarks(head), strict=True):
        painted = seen[0] - seen[1] > 0.25 * seen.max()
        torch.testing.assert_close(box(painted), around(face[LIPS]), atol=1.6, rtol=0)


def test_the_mouth_opens_between_the_inner_lips() -> None:
    head = posed(opening=0.018)
    for seen, face in zip(picture(head, lip=red()), measure_landmarks(head), strict=True):
        top, bottom = face[62], face[66]
        assert bottom[1] - top[1] > 6
        down = 2 * (bottom - top) / (bottom - top).norm()
        inside = top + down, top.lerp(bottom, 0.5), bottom - down
        lips = top.lerp(face[51], 0.5), bottom.lerp(face[57], 0.5)
        assert all(redness(seen, point) < 0.3 for point in inside)
        assert all(redness(seen, point) > 0.5 for point in lips)


def test_a_closed_mouth_has_no_inside() -> None:
    closed = measure_landmarks(posed(opening=0.0))
    torch.testing.assert_close(closed[:, [61, 62, 63]], closed[:, [67, 66, 65]], atol=1e-3, rtol=0)


def test_blinking_changes_the_eyes_and_nothing_else() -> None:
    awake, asleep = posed(blink=0.0), posed(blink=1.0)
    points, closed = measure_landmarks(awake), measure_landmarks(asleep)
    for first, second, face in zip(picture(awake), picture(asleep), points, strict=True):
        changed = box((first - second).abs().amax(0) > 0.02)
        reach = torch.tensor([2.0, 5.0, 2.0, 3.0])  # lashes and crease
        assert ((changed - around(face[EYES])).abs() <= reach).all()
    assert (points[:, 41, 1] - points[:, 37, 1] > 2).all()
    torch.testing.assert_close(closed[:, [37, 38, 43, 44]], closed[:, [41, 40, 47, 46]], atol=1e-3, rtol=0)


def test_the_irises_follow_the_gaze() -> None:
    def place(gaze: float) -> Tensor:
        """Mean column of what is dark between the lids of the first face."""
        head = posed(blink=0.0, gaze_x=gaze, gaze_y=0.0)
        left, top, right, bottom = around(measure_landmarks(head)[0, 42:48]).round().long().tolist()
        eye = picture(head, iris=torch.zeros(PEOPLE, 3))[0, :, top : bottom + 1, left : right + 1].amax(0) < 0.3
        return eye.nonzero()[:, 1].float().mean()

    assert place(0.004) - place(-0.004) > 1.5


@pytest.mark.parametrize("opening", [0.0, 0.018])
def test_the_chin_is_the_edge_of_the_face(opening: float) -> None:
    head = posed(opening=opening)
    for seen, face in zip(picture(head), measure_landmarks(head), strict=True):
        for point in face[CHIN]:
            outward = (point - face[30]) / (point - face[30]).norm()
            assert brightness(seen, point - 3 * outward) > 0.1
            assert brightness(seen, point + 3 * outward) < 0.02


def test_the_chin_follows_the_mouth() -> None:
    lower = measure_landmarks(posed(opening=0.018)) - measure_landmarks(posed(opening=0.0))
    assert (lower[:, 8, 1] > 2).all()
    assert (lower[:, [0, 16]].norm(dim=-1) < 0.5).all(), "the ears stay"
    assert (lower[:, 17:48].norm(dim=-1) < 0.5).all(), "and so do brows, nose and eyes"


def test_pictures_do_not_depend_on_what_is_painted_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    together = picture(posed())
    monkeypatch.setattr(talking, "CHUNK", 1)
    torch.testing.assert_close(picture(posed()), together, atol=1e-5, rtol=0)


def test_the_generator_decides() -> None:
    def sample(seed: int) -> tuple[Tensor, Tensor]:
        return sample_talking(batch=2, frames=2, size=48, generator=torch.Generator().manual_seed(seed))

    images, points = sample(1)
    assert images.shape == (2, 2, 3, 48, 48)
    assert points.shape == (2, 2, 68, 2)
    assert images.min() >= -1
    assert images.max() <= 1
    assert images.std() > 0.1
    again, others = sample(1), sample(2)
    assert torch.equal(images, again[0])
    assert torch.equal(points, again[1])
    assert not torch.equal(points, others[1])
    assert (images[0] - images[1]).abs().mean() > 10 * (images[0, 0] - images[0, 1]).abs().mean(), "two people"


def test_faces_stay_in_the_picture_and_make_structures() -> None:
    images, points = sample_talking(batch=3, frames=2, size=64, generator=torch.Generator().manual_seed(4))
    assert points.min() > 0
    assert points.max() < 63
    picture = ((images[0, 0] + 1) * 127.5).byte().permute(1, 2, 0).numpy()
    structure = face_structure(picture, points[0, 0].numpy(), size=64)
    assert set(range(5)) <= set(structure[15].ravel())


@pytest.mark.skipif(importlib.util.find_spec("dlib") is None, reason="pip install '.[face]'")
def test_a_finder_of_real_faces_agrees() -> None:
    images, points = sample_talking(batch=4, frames=1, size=256, generator=torch.Generator().manual_seed(3))
    finder, errors = DlibLandmarks(), []
    for image, face in zip(images[:, 0], points[:, 0].numpy(), strict=True):
        found = finder.detect(((image + 1) * 127.5).byte().permute(1, 2, 0).numpy())
        between_eyes = np.linalg.norm(face[36] - face[45])
        errors += [np.linalg.norm(other[:, :2] - face, axis=1) / between_eyes for other in found]
    assert len(errors) >= 3
    assert np.median(errors, axis=0).max() < 0.15, "no landmark is another one"
    assert np.median(errors) < 0.07


def test_people_talk_and_blink() -> None:
    generator = torch.Generator().manual_seed(6)
    features = sample_features(16, 250, generator, fps=25.0)
    opening, blink = features.opening.view(16, 250), features.blink.view(16, 250)
    talking_people = opening.amax(1) > 0.004
    assert talking_people.sum() > 8
    assert (opening.amin(1) < 0.001).all()
    assert (blink.amax(1) > 0.8).all()
    assert (blink.median(1).values == 0).all()
    assert opening.diff(dim=1).abs().max() < 0.015
