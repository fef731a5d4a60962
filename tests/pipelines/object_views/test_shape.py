"""The shape of an object from its outlines, and the file it is written to."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import InputError, ProcessingError
from models.turning import Camera
from pipelines.media.tags import Tags
from pipelines.object_views.model_file import check_model, encode_model, write_model
from pipelines.object_views.shape import ColouredMesh, Survey, build_mesh, list_angles

RADIUS, SCALE, SIZE, CELLS = 0.3, 0.8, 64, 60


def survey_ball(distance: float) -> Survey:
    """A ball that is red on its left side and blue on its right one."""
    angles = torch.tensor(list_angles(lens=True))
    camera = Camera.usual(angles[:, 0], angles[:, 1], distance, SCALE)
    axis = (torch.arange(SIZE) + 0.5) / SIZE - 0.5
    x, y = torch.meshgrid(axis, axis, indexing="xy")
    nearness = camera.nearness[:, None, None]
    outline = SCALE * RADIUS / (1 - (nearness * RADIUS) ** 2).sqrt()
    alpha = ((outline - (x**2 + y**2).sqrt()) * SIZE + 0.5).clamp(0, 1)[:, None]
    right, up, towards = (camera.axes()[:, row, 1, None, None] for row in range(3))  # shares of the object's left
    near = (RADIUS**2 - (x**2 + y**2) / SCALE**2).clamp(min=0).sqrt()
    left = (right * x - up * y) / SCALE + towards * near > 0
    colours = torch.stack([left, torch.zeros_like(left), ~left], 1) * 2.0 - 1
    return Survey(camera, colours, alpha)


@pytest.fixture(scope="module")
def ball() -> ColouredMesh:
    return build_mesh(survey_ball(torch.inf), CELLS)


@pytest.mark.parametrize("distance", [1.5, torch.inf])
def test_a_ball_is_found_by_its_outlines(distance: float) -> None:
    mesh = build_mesh(survey_ball(distance), CELLS)
    away = mesh.vertices.norm(dim=1)
    level = mesh.vertices[:, 2].abs() < 0.15  # no view is from high above or below
    assert away[level].mean() == pytest.approx(RADIUS, abs=0.012)
    assert (away[level] - RADIUS).abs().max() < 0.035
    assert ((mesh.normals * mesh.vertices).sum(1)[level] > 0).all()


def test_the_surface_is_closed_and_its_colours_are_those_of_the_views(ball: ColouredMesh) -> None:
    edges = ball.triangles[:, [0, 1, 1, 2, 2, 0]].view(-1, 2)
    there, back = ((each * torch.tensor([1, len(ball.vertices)])).sum(1) for each in (edges, edges.flip(1)))
    assert torch.equal(there.sort().values, back.sort().values)
    middle = ball.vertices[:, 2].abs() < 0.1
    for side, colour in ((1, [1.0, 0, 0]), (-1, [0, 0, 1.0])):
        chosen = middle & (side * ball.vertices[:, 1] > 0.05)
        assert (ball.colours[chosen] - torch.tensor(colour)).abs().max() < 0.1


def test_views_of_nothing_have_no_shape() -> None:
    survey = survey_ball(2.0)
    with pytest.raises(ProcessingError, match="show no object"):
        build_mesh(Survey(survey.camera, survey.colours, torch.zeros_like(survey.alpha)))


def test_the_file_holds_the_mesh_upright_with_its_front_forward(ball: ColouredMesh, tmp_path: Path) -> None:
    path = tmp_path / "ball.glb"
    write_model(path, ball, overwrite=False, tags=Tags("made by gfla", {"gfla": "record"}))
    data = path.read_bytes()
    magic, version, size, text_size, kind = struct.unpack_from("<4sIII4s", data)
    assert (magic, version, size, kind) == (b"glTF", 2, len(data), b"JSON")
    assert text_size % 4 == 0
    head = json.loads(data[20 : 20 + text_size])
    assert head["asset"]["extras"]["record"] == {"gfla": "record"}
    binary_size, kind = struct.unpack_from("<I4s", data, 20 + text_size)
    binary = data[28 + text_size :]
    assert (binary_size, kind, head["buffers"][0]["byteLength"]) == (len(binary), b"BIN\0", len(binary))
    arrays = []
    for accessor in head["accessors"]:
        view, columns = head["bufferViews"][accessor["bufferView"]], 3 if accessor["type"] == "VEC3" else 1
        part = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        array = np.frombuffer(part, "<f4" if accessor["componentType"] == 5126 else "<u4").reshape(-1, columns)
        assert len(array) == accessor["count"]
        arrays.append(array)
    place, normal, colour, index = arrays
    np.testing.assert_allclose(place, ball.vertices.numpy()[:, [1, 2, 0]])
    np.testing.assert_allclose(head["accessors"][0]["min"], place.min(0))
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1, atol=1e-5)
    assert (colour >= 0).all()
    assert (colour <= 1).all()
    np.testing.assert_array_equal(index[:, 0], ball.triangles.flatten())
    primitive = head["meshes"][0]["primitives"][0]
    assert (primitive["attributes"], primitive["indices"]) == ({"POSITION": 0, "NORMAL": 1, "COLOR_0": 2}, 3)


def test_colours_are_stored_in_linear_light(ball: ColouredMesh) -> None:
    grey = ColouredMesh(ball.vertices, ball.normals, ball.triangles, torch.full_like(ball.vertices, 0.5))
    assert struct.pack("<f", ((0.5 + 0.055) / 1.055) ** 2.4) * 9 in encode_model(grey, Tags("grey"))


def test_a_transparent_background_and_an_existing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    with pytest.raises(InputError, match="has no background"):
        check_model(path, transparent=True, overwrite=False, inputs=[])
    path.touch()
    with pytest.raises(InputError, match="exists"):
        check_model(path, transparent=False, overwrite=False, inputs=[])
