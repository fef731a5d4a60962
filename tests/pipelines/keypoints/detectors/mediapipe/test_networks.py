"""LiteRT runs a small file that is written here: two outputs of one picture."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import BackendUnavailable
from pipelines.keypoints.detectors.mediapipe import networks
from pipelines.keypoints.detectors.mediapipe.networks import Network, check_networks, load_network, sigmoid

pytest.importorskip("ai_edge_litert")


def write_network(path: Path, size: int = 4) -> Path:
    """A TFLite file: picture [1, size, size, 3] -> its negative, and what of it is above 0."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name: str) -> schema.TensorT:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, [1, size, size, 3], schema.TensorType.FLOAT32, 0
        return made

    def operator(code: int, output: int) -> schema.OperatorT:
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = code, [0], [output]
        return made

    codes = []
    for builtin in (schema.BuiltinOperator.NEG, schema.BuiltinOperator.RELU):
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 1
        codes.append(code)
    graph = schema.SubGraphT()
    graph.tensors = [tensor("picture"), tensor("negative"), tensor("positive")]
    graph.inputs, graph.outputs = [0], [1, 2]
    graph.operators = [operator(0, 1), operator(1, 2)]
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], codes, [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def test_a_picture_in_and_every_output_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    network = Network(write_network(tmp_path / "small.tflite"), threads=1)
    image = np.linspace(-1, 1, 48, dtype=np.float32).reshape(4, 4, 3)
    negative, positive = network(image[:, ::-1])
    assert network.size == 4
    np.testing.assert_array_equal(negative, -image[:, ::-1])
    np.testing.assert_array_equal(positive, np.maximum(image[:, ::-1], 0))
    first = negative.copy()
    network(np.zeros_like(image))
    np.testing.assert_array_equal(negative, first)  # the next run leaves earlier results alone
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_no_network_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.tflite").write_text("<!DOCTYPE html>")
    with pytest.raises(BackendUnavailable, match=r"text\.tflite.*--keypoints bundled"):
        Network(tmp_path / "text.tflite")


def test_networks_that_were_not_fetched_say_how_to_fetch_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path))
    for ask in (check_networks, lambda: load_network("pose_detection")):
        with pytest.raises(BackendUnavailable, match="run 'gfla weights fetch mediapipe'"):
            ask()


def test_without_litert_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match="pip install ai-edge-litert"):
        check_networks()


def test_sigmoid_does_not_overflow() -> None:
    values = sigmoid(np.array([-1e6, 0, 1e6], np.float32))
    np.testing.assert_allclose(values, [0, 0.5, 1], atol=1e-30)
