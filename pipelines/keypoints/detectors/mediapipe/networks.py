"""A TFLite network run by LiteRT: a picture in, its output tensors out."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from models.errors import BackendUnavailable
from pipelines.weights.collections import MEDIAPIPE, is_fetched, network_file

MAX_THREADS = 4  # of one network; the larger ones gain nothing from more


def check_runtime() -> None:
    """Check that LiteRT is installed.

    Raises:
        BackendUnavailable: it is not.
    """
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise BackendUnavailable("LiteRT is not installed: pip install ai-edge-litert, or use --keypoints bundled")


def check_networks() -> None:
    """Check that LiteRT is installed and that MediaPipe's networks were fetched; nothing is loaded.

    Raises:
        BackendUnavailable: they are missing or damaged.
    """
    check_runtime()
    for item in MEDIAPIPE.files[:-1]:
        name = item.name.removesuffix(".tflite")
        if not item.is_optional or is_fetched(MEDIAPIPE, name):
            network_file(MEDIAPIPE, name)


class Network:
    """One network, for one thread at a time.

    Args:
        path: the TFLite file.
        threads: how many threads compute; by default as many as torch uses, MAX_THREADS at most.

    Raises:
        BackendUnavailable: LiteRT is missing or broken, or can't read the file.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        check_runtime()
        try:
            from ai_edge_litert.interpreter import Interpreter

            with _native_messages_off():
                self._interpreter = Interpreter(str(path), num_threads=threads or _default_threads())
                self._interpreter.allocate_tensors()
        except Exception as error:  # a broken install fails in many ways
            raise BackendUnavailable(f"LiteRT can't run {path} ({error}); use --keypoints bundled") from None
        (given,) = self._interpreter.get_input_details()
        self._input: int = given["index"]
        self._outputs: list[int] = [output["index"] for output in self._interpreter.get_output_details()]
        self.size: int = int(given["shape"][1])
        """Side of the input picture in pixels."""

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        """Picture float32 [size, size, 3], in the network's range of values -> its outputs, each without the batch."""
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(image[None], np.float32))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def load_network(name: str) -> Network:
    """A network of MediaPipe by the name of its file, for instance "pose_detection".

    Raises:
        BackendUnavailable: LiteRT is missing, or the network was not fetched or is damaged.
    """
    check_runtime()
    return Network(network_file(MEDIAPIPE, name))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without an overflow in float32."""
    return 1 / (1 + np.exp(-np.clip(logits, -80, 80)))


def _default_threads() -> int:
    import torch

    return min(torch.get_num_threads(), MAX_THREADS)


@contextmanager
def _native_messages_off() -> Iterator[None]:
    """Nothing reaches stderr: LiteRT has no switch for the line that it prints when the first network is loaded."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
