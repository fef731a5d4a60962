"""Encodings of section 9 against reference files: every file of tests/golden, or of the folder GFLA_GOLDEN."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from models.generators.view_codes import view_code
from pipelines.datasets.transforms import AffineDraw, affine_matrix
from pipelines.keypoints.cleaning import encode, window_indices
from pipelines.keypoints.layouts import LIMBS, OPENPOSE18_TO_COCO17, select
from pipelines.keypoints.structure_maps import heat_maps, joint_colours, person_maps, skeleton_picture, structure_map
from pipelines.media.tensors import image_to_tensor, tensor_to_image
from tests.helpers.golden import FOLDER, OWN
from tests.helpers.golden_faces import CHECKS as FACES

ELSEWHERE = ("metrics", "frechet")  # judged in tests/pipelines/evaluation
LAYOUT = {"coco17": "coco17", "human36m17": "h36m17", "openpose18": "coco17"}
Tensors = dict[str, np.ndarray]


def _cases() -> list:
    found = []
    for path in sorted(FOLDER.glob("data*.safetensors")):
        with safe_open(path, "numpy") as file:
            names = sorted({key.split("/")[0] for key in file.keys()})  # noqa: SIM118
        for name in names:
            unknown = () if _check(name) else (pytest.mark.skip(reason=f"nothing here encodes {name}"),)
            if name not in ELSEWHERE:
                found.append(pytest.param(path, name, id=f"{path.stem}-{name}", marks=unknown))
    return found


def _load(path: Path, case: str) -> Tensors:
    with safe_open(path, "numpy") as file:
        keys = [key for key in file.keys() if key.split("/")[0] == case]  # noqa: SIM118
        return {key.split("/", 1)[1]: file.get_tensor(key) for key in keys}


def _xy(joints_yx: np.ndarray) -> np.ndarray:
    return joints_yx[::-1].T.astype(np.float64)


def _pose(flat: np.ndarray, size_hw: np.ndarray, canvas_hw: np.ndarray) -> np.ndarray:
    return flat.reshape(-1, 3)[:, :2] * (canvas_hw / size_hw)[::-1]


def colormap(case: str, data: Tensors) -> None:
    for name, colours in data.items():
        np.testing.assert_array_equal(joint_colours(int(name.split(".")[1])), colours)


def coords(case: str, data: Tensors) -> None:
    points = _pose(data["in.pose_keypoints_2d"], data["in.org_size_hw"], data["in.resize_hw"])
    np.testing.assert_allclose(points[:, ::-1].T, data["out.plain_yx"], atol=1.5e-6)
    angle, across, down, scale = data["in.affine_angle_shiftx_shifty_scale"].tolist()
    y, x = (data["in.resize_hw"] * 0.5 + 0.5).tolist()
    draw = AffineDraw(affine_matrix(angle, (across, down), scale, (y, x)), fill=(0, 0, 0))
    np.testing.assert_allclose(draw.matrix, data["out.affine_matrix"], atol=1.5e-6)
    np.testing.assert_array_equal(draw.move_joints(points)[:, ::-1].T, data["out.affine_yx"])


def image_norm(case: str, data: Tensors) -> None:
    np.testing.assert_allclose(image_to_tensor(data["in.image"]), data["out.tensor"], atol=1.5e-6)


def image_save(case: str, data: Tensors) -> None:
    saved = tensor_to_image(torch.from_numpy(data["in.tensor"]), rounding="truncate")
    np.testing.assert_array_equal(saved, data["out.image"])


def openpose18_to_coco17(case: str, data: Tensors) -> None:
    np.testing.assert_array_equal(
        select(data["in.joints"].T, OPENPOSE18_TO_COCO17).T,
        data["out.joints"],
    )


def heatmap(case: str, data: Tensors) -> None:
    expected = data["out.map"]
    maps = heat_maps(_xy(data["in.joints_yx"]), *expected.shape[:2])
    np.testing.assert_allclose(maps.transpose(1, 2, 0), expected, atol=1.5e-6)


def skeleton(case: str, data: Tensors) -> None:
    expected = data["out.image"]
    limbs = LIMBS[LAYOUT[case.split("_")[1]]]
    picture = skeleton_picture(_xy(data["in.joints_yx"]), *expected.shape[:2], limbs=limbs)
    np.testing.assert_array_equal(picture, expected)


def dance_structure(case: str, data: Tensors) -> None:
    expected, flat = data["out.structure"], data["in.pose_keypoints_2d"]
    canvas = np.array(expected.shape[1:])
    points = _pose(flat, np.array((100, 80)), canvas)  # original size as in the file's notes
    layout = LAYOUT[case.rsplit("_", 1)[1]]
    if case.endswith("openpose18"):
        points = select(points, OPENPOSE18_TO_COCO17)
    result = structure_map(points, layout=layout, height=canvas[0], width=canvas[1])
    np.testing.assert_allclose(result, expected, atol=1.5e-6)
    np.testing.assert_allclose(encode(points[None], canvas[1]), data["out.normalised_keypoints"], atol=1.5e-6)


def cords_to_map(case: str, data: Tensors) -> None:
    joints = data["in.joints_yx"][:, ::-1].astype(np.float64)
    height, width, *annotated = data["in.image_old_sizes"].tolist()
    for name, affine in (("identity", None), ("affine", data["in.affine"])):
        maps = person_maps(joints, height=height, width=width, annotated=tuple(annotated), affine=affine)
        expected = data[f"out.{name}_even"]
        np.testing.assert_allclose(maps[:, ::2, ::2].transpose(1, 2, 0), expected, atol=1.5e-6)


def shapenet_onehot(case: str, data: Tensors) -> None:
    for (azimuth, elevation), expected in zip(data["in.pose_h_v"].tolist(), data["out.structure"], strict=True):
        np.testing.assert_array_equal(view_code(10 * azimuth, elevation).numpy(), expected)


def keypoint_norm(case: str, data: Tensors) -> None:
    points = data["in.data"]
    np.testing.assert_allclose(encode(points, 1000), data["out.data"], atol=1.5e-6)


def keypoint_frames(case: str, data: Tensors) -> None:
    for name in (name for name in data if "gt_index" in name):
        length, indices = int(name.rsplit("len", 1)[1]), data[name]
        np.testing.assert_array_equal(window_indices(indices[0], length, context=0), indices)
        expected = data[name.replace("gt_index", "input_index")]
        np.testing.assert_array_equal(window_indices(indices[0], length), expected)


def keypoint_test_window(case: str, data: Tensors) -> None:
    for name in (name for name in data if name.startswith("in.")):
        frames, start, length = data[name]
        expected = data["out." + name[3:].removesuffix("_frames_start_length")]
        np.testing.assert_array_equal(window_indices(start, length, frames=frames), expected)


CHECKS = (
    image_norm, image_save,
    colormap, coords, cords_to_map, openpose18_to_coco17, heatmap, skeleton, dance_structure, keypoint_norm,
    keypoint_frames, keypoint_test_window, shapenet_onehot, *FACES,
)  # fmt: skip


def _check(case: str):
    return next((check for check in CHECKS if case == check.__name__ or case.startswith(check.__name__ + "_")), None)


@pytest.mark.parametrize(("path", "case"), _cases())
def test_encoding(path: Path, case: str) -> None:
    check = _check(case)
    assert check is not None
    check(case, _load(path, case))


def test_the_folder_has_cases() -> None:
    assert _cases() or FOLDER != OWN
