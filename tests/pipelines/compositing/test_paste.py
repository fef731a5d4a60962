import numpy as np
import pytest

from pipelines.compositing.paste import box_mask, crop, paste, side_by_side, soft_box_mask
from tests.helpers.videos import make_corners


@pytest.mark.parametrize("box", [(3, 4, 20, 30), (0, 0, 64, 48), (10, 10, 11, 11)])
def test_crop_inside_is_a_slice(box):
    left, top, right, bottom = box
    assert (crop(make_corners(), box) == make_corners()[top:bottom, left:right]).all()


def test_crop_repeats_the_edge():
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert (crop(picture, (-2, -1, 6, 4)) == np.pad(picture, ((1, 1), (2, 2)), mode="edge")).all()
    assert (crop(picture, (10, 10, 12, 13)) == 11).all()
    with pytest.raises(ValueError, match="empty"):
        crop(picture, (2, 2, 2, 3))


def test_soft_mask_rises_to_one_and_is_symmetric():
    mask = soft_box_mask(40, 60, 8)
    assert mask.shape == (40, 60)
    assert mask.dtype == np.float32
    assert (mask[8:32, 8:52] == 1).all()
    assert 0 < mask[0, 0] < mask[0, 30] < 0.02
    assert (np.diff(mask[20, :9]) > 0).all()
    np.testing.assert_allclose(mask, mask[::-1, ::-1], atol=1e-6)
    assert (soft_box_mask(4, 5, 0) == 1).all()


def test_box_mask_keeps_edges_at_the_border():
    mask = box_mask(make_corners(), (-5, 10, 30, 48), 6)
    assert (mask[20:, : 29 - 6] == 1).all()
    assert mask[0, 10] < 0.1
    assert mask[20, -1] < 0.1


@pytest.mark.parametrize("box", [(10, 12, 30, 40), (-6, -3, 20, 20), (50, 30, 80, 70), (70, 70, 90, 90)])
def test_paste_touches_only_the_box_and_is_exact_where_the_mask_is_whole(box):
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    before = picture.copy()
    left, top, right, bottom = box
    patch = np.random.default_rng(1).integers(0, 256, (bottom - top, right - left, 3), dtype=np.uint8)
    ones = np.ones(patch.shape[:2], np.float32)
    rows, columns = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
    result = paste(picture, patch, box, ones)
    own = patch[max(-top, 0) :, max(-left, 0) :][: max(48 - max(top, 0), 0), : max(64 - max(left, 0), 0)]
    assert (result[rows, columns] == own).all()
    outside = np.ones((48, 64), bool)
    outside[rows, columns] = False
    assert (result[outside] == picture[outside]).all()
    assert (picture == before).all()
    assert (paste(picture, patch, box, ones * 0) == picture).all()
    assert (paste(picture, crop(picture, box), box, soft_box_mask(bottom - top, right - left, 5)) == picture).all()


def test_paste_refuses_other_sizes():
    with pytest.raises(ValueError, match="size"):
        paste(make_corners(), make_corners(), (0, 0, 10, 10), np.ones((10, 10)))


def test_side_by_side_keeps_proportions():
    row = side_by_side([make_corners(48, 64), make_corners(24, 16), make_corners(96, 10)])
    assert row.shape == (96, 128 + 64 + 10, 3)
    assert row.dtype == np.uint8
    assert side_by_side([make_corners(48, 64), make_corners(24, 16)], height=24).shape == (24, 32 + 16, 3)
    assert (side_by_side([make_corners()]) == make_corners()).all()
