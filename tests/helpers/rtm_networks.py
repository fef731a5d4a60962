"""ONNX files with the interface of YOLOX and RTMW, whose answers are known; needs the package onnx.

They see two people, one painted in blue and one in green: a rectangle each, with a red dot in it, brightest in its
centre. The first network gives the rectangles of both, with a score of 0 for the grey beside a frame and 1 for full
brightness. The second one gives the dot, from which its 133 points lie `make_offsets` away, in bins of half a pixel of
its input.
"""

from pathlib import Path

import numpy as np
import pytest

from pipelines.keypoints.detectors.rtm.files import PEOPLE, POSE
from pipelines.keypoints.detectors.rtm.networks import GREY

pytest.importorskip("onnx")
import onnx
from onnx import TensorProto, checker, helper, numpy_helper

CHANNELS = {"blue": 2, "green": 1}
PEOPLE_SIDE, POSE_SIZE = 128, (256, 192)  # rows and columns
REACH = 168  # largest offset in bins
PEAK = 8.0  # of the answer for a red dot, over 0 for black


def make_offsets() -> np.ndarray:
    """How far every point lies from the dot, in bins [133, 2]: x, y; a different place for each.

    A box around them with the detector's margins is again the region they were seen in: following changes nothing.
    """
    numbers = np.arange(133)
    return np.stack([numbers % 19 - 9, numbers // 19 - 3], 1) * (14, 56)


def write_networks(folder: Path) -> tuple[Path, Path]:
    """The files of both networks, named as in the user's weights folder."""
    folder.mkdir(parents=True, exist_ok=True)
    models = {PEOPLE: _people_model(), POSE: _pose_model(make_offsets())}
    for item, model in models.items():
        checker.check_model(model)
        onnx.save(model, folder / item.path.name)
    return folder / PEOPLE.path.name, folder / POSE.path.name


def paint_person(
    image: np.ndarray, box: tuple[int, int, int, int], dot: tuple[int, int], colour: str, *, brightness: int = 255
) -> None:
    """Paint a person into a picture uint8 [H, W, 3]; box: left, top, right, bottom, dot: x, y of its centre."""
    left, top, right, bottom = box
    image[top:bottom, left:right, CHANNELS[colour]] = brightness
    x, y = dot
    side = np.exp(-(np.arange(-6, 7) ** 2) / 18)
    image[y - 6 : y + 7, x - 6 : x + 7] = 0
    image[y - 6 : y + 7, x - 6 : x + 7, 0] = np.round(255 * np.outer(side, side))


def _constant(name: str, value: object, kind: type = np.int64) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(value, kind), name)


def _model(nodes: list, inputs: list, outputs: list, constants: list) -> onnx.ModelProto:
    graph = helper.make_graph(nodes, "stand-in", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _people_model() -> onnx.ModelProto:
    """BGR 0..255 [1, 3, S, S] -> boxes and scores [1, 2, 5], labels [1, 2]."""
    node, side = helper.make_node, PEOPLE_SIDE
    nodes = [
        node("Slice", ["image", "zero", "two", "one"], ["colours"]),  # blue, green
        node("Greater", ["colours", "dark"], ["lit"]),
        node("Cast", ["lit"], ["seen"], to=TensorProto.FLOAT),
        node("ReduceMax", ["colours"], ["level"], axes=[2, 3], keepdims=0),  # [1, 2]
        node("Sub", ["level", "grey"], ["above"]),
        node("Div", ["above", "span"], ["score"]),
    ]
    for axis, name in ((3, "x"), (2, "y")):
        nodes += [
            node("ReduceMax", ["seen"], [f"{name}_seen"], axes=[5 - axis], keepdims=0),  # [1, 2, S]
            node("ArgMax", [f"{name}_seen"], [f"{name}_first"], axis=2, keepdims=0),
            node("ArgMax", [f"{name}_seen"], [f"{name}_last"], axis=2, keepdims=0, select_last_index=1),
            node("Cast", [f"{name}_first"], [f"{name}_low"], to=TensorProto.FLOAT),
            node("Cast", [f"{name}_last"], [f"{name}_high"], to=TensorProto.FLOAT),
        ]
    columns = ["x_low", "y_low", "x_high", "y_high", "score"]
    nodes += [node("Unsqueeze", [name, "minus_one"], [f"{name}_column"]) for name in columns]
    nodes += [
        node("Concat", [f"{name}_column" for name in columns], ["dets"], axis=2),
        node("Identity", ["kinds"], ["labels"]),
    ]
    constants = [_constant(name, [value]) for name, value in {"zero": 0, "one": 1, "two": 2, "minus_one": -1}.items()]
    constants += [_constant(n, v, np.float32) for n, v in {"grey": GREY, "span": 255 - GREY}.items()]
    constants += [_constant("dark", GREY + 20, np.float32), _constant("kinds", [[0, 0]])]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])
    outputs = [
        helper.make_tensor_value_info("dets", TensorProto.FLOAT, [1, 2, 5]),
        helper.make_tensor_value_info("labels", TensorProto.INT64, [1, 2]),
    ]
    return _model(nodes, [image], outputs, constants)


def _pose_model(offsets: np.ndarray) -> onnx.ModelProto:
    """RGB, normalized, of open size [1, 3, H, W] -> scores of bins [1, 133, 2 W] and [1, 133, 2 H]."""
    node = helper.make_node
    black, white = -123.675 / 58.395, (255 - 123.675) / 58.395  # of red
    kernels = np.zeros((2, 133, 1, 2 * REACH + 1), np.float32)
    for axis in range(2):
        kernels[axis, np.arange(133), 0, REACH - offsets[:, axis]] = PEAK / (white - black)
    nodes = [
        node("Slice", ["image", "zero", "one", "one"], ["red"]),
        node("Slice", ["image", "one", "two", "one"], ["green"]),
        node("Slice", ["image", "two", "three", "one"], ["blue"]),
        node("Max", ["green", "blue"], ["others"]),
        node("Sub", ["red", "others"], ["contrast"]),
        node("Sub", ["red", "black"], ["bright"]),
        node("Greater", ["contrast", "nothing"], ["is_red"]),
        node("Where", ["is_red", "bright", "nothing"], ["dot"]),
    ]
    for axis, name in ((3, "x"), (2, "y")):
        nodes += [
            node("ReduceMax", ["dot"], [f"{name}_line"], axes=[5 - axis], keepdims=0),  # [1, 1, W or H]
            node("Resize", [f"{name}_line", "", "scales"], [f"{name}_bins"], mode="linear"),
            node("Conv", [f"{name}_bins", f"{name}_kernels"], [f"simcc_{name}"], pads=[REACH, REACH]),
        ]
    constants = [_constant(name, [value]) for name, value in {"zero": 0, "one": 1, "two": 2, "three": 3}.items()]
    constants += [_constant(n, v, np.float32) for n, v in {"black": black, "nothing": 0}.items()]
    constants += [_constant("scales", [1, 1, 2], np.float32)]
    constants += [numpy_helper.from_array(kernels[axis], f"{name}_kernels") for axis, name in enumerate("xy")]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    outputs = [
        helper.make_tensor_value_info(f"simcc_{name}", TensorProto.FLOAT, ["batch", 133, f"{name}_size"])
        for name in "xy"
    ]
    return _model(nodes, [image], outputs, constants)
