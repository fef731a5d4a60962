"""Debug views of layers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.errors import InputError
from models.generators.recurrent import Step
from models.joints import DETAILED_STRUCTURES, FACE_LINES, FACE_STRUCTURES, STRUCTURE_CHANNELS
from pipelines.generation.visualization import check_layer_views, draw_debug_frame

HEIGHT, WIDTH = 64, 32


def make_step() -> Step:
    """A person in the upper half, a shadow in the lower one."""
    image, shadow = torch.zeros(1, 4, HEIGHT, WIDTH), torch.zeros(1, 1, HEIGHT, WIDTH)
    image[:, 3, : HEIGHT // 2], shadow[:, :, HEIGHT // 2 :] = 1, 0.4
    return Step(image, torch.zeros(1, 20, HEIGHT, WIDTH), image, [], [], [], [], shadow=shadow)


def test_views_of_a_layer() -> None:
    plate = np.full((200, 100, 3), (10, 20, 30), np.uint8)
    drawn = draw_debug_frame(("matte", "plate", "shadow"), make_step(), plate)[-HEIGHT:]
    matte, behind, shadow = np.split(drawn, 3, axis=1)
    assert matte[: HEIGHT // 2].min() == 255
    assert matte[HEIGHT // 2 :].max() == 0
    assert (behind == (10, 20, 30)).all()
    assert (shadow[HEIGHT // 2 :] == 102).all()
    assert shadow[: HEIGHT // 2].max() == 0


def test_a_network_without_shadow_shows_none() -> None:
    drawn = draw_debug_frame(("shadow",), replace(make_step(), shadow=None))
    assert drawn[-HEIGHT:].max() == 0


@pytest.mark.parametrize("view", ["matte", "plate", "shadow"])
def test_layers_are_refused_where_there_are_none(view: str) -> None:
    check_layer_views(["flow", view], np.zeros((1, 1, 3), np.uint8))
    check_layer_views(["flow", "skeleton"], None)
    with pytest.raises(InputError, match=f"{view}.*flow, mask, skeleton, attention"):
        check_layer_views(["flow", view], None)


@pytest.mark.parametrize("channels", [STRUCTURE_CHANNELS, *DETAILED_STRUCTURES])
def test_the_skeleton_is_shown_whatever_a_structure_map_has_besides(channels: int) -> None:
    structure = torch.zeros(1, channels, HEIGHT, WIDTH)
    structure[:, STRUCTURE_CHANNELS - 3 : STRUCTURE_CHANNELS, 10, 20] = torch.tensor([255.0, 170.0, 0.0])
    shown = draw_debug_frame(("skeleton",), replace(make_step(), structure=structure))[-HEIGHT:]
    assert shown[10, 20].tolist() == [255, 170, 0]
    assert np.count_nonzero(shown.any(-1)) == 1


@pytest.mark.parametrize("channels", FACE_STRUCTURES)
def test_all_lines_of_a_layered_face_are_shown(channels: int) -> None:
    structure = torch.zeros(1, channels, HEIGHT, WIDTH)
    for line in range(len(FACE_LINES)):
        structure[:, line, line, 3] = 1.0
    shown = draw_debug_frame(("skeleton",), replace(make_step(), structure=structure))[-HEIGHT:]
    assert (shown[: len(FACE_LINES), 3] == 255).all()
