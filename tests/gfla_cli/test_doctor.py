"""`gfla doctor`: the tables, the JSON object and the exit code."""

import json

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.diagnostics import Diagnosis, Finding


@pytest.fixture(params=[True, False], ids=["usable", "unusable"])
def usable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the machine that is diagnosed can animate; if not, it lacks an encoder."""
    codec = Finding("libx264", "MP4, MOV", None if request.param else "the FFmpeg libraries of PyAV lack this encoder")
    cuda = Finding("cuda", reason="no NVIDIA GPU or driver found")
    found = Diagnosis({"python": "3.12.1"}, [Finding("cpu", "2 threads"), cuda], [codec], [], [Finding("person")])
    monkeypatch.setattr("pipelines.diagnostics.diagnose", lambda: found)
    return request.param


def test_the_tables_show_state_and_reason(usable: bool) -> None:
    result = CliRunner().invoke(app, ["doctor"])
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert result.exit_code == (0 if usable else 1)
    assert lines[:2] == ["PACKAGE VERSION", "python 3.12.1"]
    assert "cuda unavailable: no NVIDIA GPU or driver found" in lines
    assert ("libx264 ok, MP4, MOV" in lines) == usable


def test_json_is_one_object(usable: bool) -> None:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    found = json.loads(result.stdout)
    assert (result.exit_code, found["usable"]) == ((0, True) if usable else (1, False))
    assert [device["name"] for device in found["devices"]] == ["cpu", "cuda"]
