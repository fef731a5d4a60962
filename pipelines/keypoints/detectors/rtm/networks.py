"""The two networks of the detector `rtm` as functions: a frame to boxes of people, a box to the points of a person.

H, W: size of a network's input. Points and boxes are x, y in pixels of the frame, pixel centres at integers.
"""

import importlib.util
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.errors import BackendUnavailable, WeightsError, install_command

PEOPLE_SIZE, POSE_SIZE = (416, 416), (256, 192)  # H, W of the networks that `files` names
GREY = 114  # what YOLOX has seen beside the pictures of its training
MIN_SCORE = 0.3  # sureness from which on a box holds a person, whom the pose confirms
PADDING = 1.25  # sides of the region that the pose network sees, in sides of the box
MEAN, DEVIATION = np.array((123.675, 116.28, 103.53)), np.array((58.395, 57.12, 57.375))  # of RGB
BINS = 2  # per pixel of the input, along each axis
POINTS = 133
REMEDY = "delete it, and use --keypoints rtm to download it again"
# RTMW was trained on softmax(10 x label) against softmax(output), labels with a peak of 1 over 0: a point that it is
# sure of peaks 10 above the rest of its axis. (RTMPose has this factor in its loss and peaks at 1.)
SURE_PEAK = 10.0


def check_runtime() -> None:
    """Check that ONNX Runtime is installed.

    Raises:
        BackendUnavailable: it is not.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        raise BackendUnavailable(f"ONNX Runtime is not installed: {install_command('rtm')}, or use --keypoints bundled")


class OnnxNetwork:
    """A network in an ONNX file with the named outputs.

    Args:
        device: "cuda:N" uses that GPU if this build of ONNX Runtime can; everything else is the CPU.
        size: H, W of the input where the file leaves them open.

    Raises:
        BackendUnavailable: ONNX Runtime is missing or broken.
        WeightsError: the file is damaged, or a network of another kind.
    """

    def __init__(self, path: Path, outputs: tuple[str, ...], *, device: str, size: tuple[int, int]) -> None:
        self._session = _open_session(path, device)
        inputs, names = self._session.get_inputs(), {output.name for output in self._session.get_outputs()}
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or not names.issuperset(outputs):
            raise WeightsError(f"{path} has no outputs {', '.join(outputs)}, it is another network: {REMEDY}")
        self._input, self._outputs = inputs[0].name, list(outputs)
        shape = zip(inputs[0].shape[2:], size, strict=True)
        height, width = (known if isinstance(known, int) else usual for known, usual in shape)
        self.size: tuple[int, int] = height, width
        """H, W of the input."""
        self.uses_gpu: bool = self._session.get_providers()[0] == "CUDAExecutionProvider"

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        """Picture [H, W, 3] in the network's colours and range -> its outputs in the order asked for, without batch."""
        batch = np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)  # [1, 3, H, W]
        return [output[0] for output in self._session.run(self._outputs, {self._input: batch})]


def _open_session(path: Path, device: str) -> Any:
    import torch

    check_runtime()
    try:
        import onnxruntime
    except Exception as error:  # a broken install fails in many ways
        raise BackendUnavailable(f"ONNX Runtime can't be imported ({error}); use --keypoints bundled") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors, which also reach us as exceptions
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other work runs between two frames
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.startswith("cuda") and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        index = int(device.partition(":")[2] or 0)
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": index}))
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # ONNX Runtime has its own errors, without a common base
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} can't be read ({reason}): {REMEDY}") from None


class PeopleNetwork:
    """YOLOX, trained to find people. See `OnnxNetwork` for arguments and errors."""

    def __init__(self, path: Path, *, device: str = "cpu") -> None:
        self.network = OnnxNetwork(path, ("dets", "labels"), device=device, size=PEOPLE_SIZE)

    def find(self, image: np.ndarray) -> np.ndarray:
        """Frame uint8 RGB -> boxes of people float64 [P, 4]: left, top, right, bottom, the surest first."""
        height, width = self.network.size
        scale = min(height / image.shape[0], width / image.shape[1])
        rows, columns = (max(int(side * scale), 1) for side in image.shape[:2])
        canvas = np.full((height, width, 3), GREY, np.uint8)
        canvas[:rows, :columns] = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_LINEAR)
        found, labels = self.network(canvas[..., ::-1])  # BGR; [N, 5] with the score, [N]
        people = found[(found[:, 4] >= MIN_SCORE) & (labels == 0)].astype(np.float64)
        return people[np.argsort(-people[:, 4], kind="stable"), :4] / scale


class PoseNetwork:
    """RTMW. See `OnnxNetwork` for arguments and errors."""

    def __init__(self, path: Path, *, device: str = "cpu") -> None:
        self.network = OnnxNetwork(path, ("simcc_x", "simcc_y"), device=device, size=POSE_SIZE)

    def find(self, image: np.ndarray, box: np.ndarray) -> np.ndarray:
        """Frame uint8 RGB and a box [4] -> points float32 [133, 3] of COCO-WholeBody: x, y, confidence 0..1."""
        height, width = self.network.size
        centre, (across, along) = (box[:2] + box[2:]) / 2, PADDING * (box[2:] - box[:2])
        scale = max(across / width, along / height, 1e-3)  # pixels of the frame per pixel of the input
        corner = centre - scale * np.array((width, height)) / 2
        matrix = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(np.ascontiguousarray(image), matrix, (width, height), flags=flags)
        axes = self.network((crop - MEAN) / DEVIATION)  # [133, 2 W], [133, 2 H]
        points = np.empty((POINTS, 3), np.float32)
        points[:, :2] = np.stack([axis.argmax(1) for axis in axes], 1) / BINS * scale + corner
        peaks = [axis.max(1) - np.median(axis, 1) for axis in axes]
        points[:, 2] = np.clip(np.minimum(*peaks) / SURE_PEAK, 0, 1)
        return points
