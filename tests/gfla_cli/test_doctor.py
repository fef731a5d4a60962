"""`gfla doctor` says what works and why something does not."""

import importlib.util
import json

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app


def doctor() -> tuple[int, dict]:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    return result.exit_code, json.loads(result.stdout)


def reasons(section: list[dict]) -> dict[str, str | None]:
    return {finding["name"]: finding["reason"] for finding in section}


def test_everything_needed_is_here() -> None:
    code, found = doctor()
    assert code == 0
    assert found["usable"] is True
    assert set(reasons(found["codecs"]).values()) == {None}
    assert reasons(found["devices"])["cpu"] is None
    assert reasons(found["backends"])["bundled keypoints"] is None
    assert found["versions"]["torch"][0].isdigit()


def test_a_device_is_there_or_has_a_reason() -> None:
    import torch

    found = reasons(doctor()[1]["devices"])
    assert (found["cuda"] is None) == torch.cuda.is_available()
    assert (found["mps"] is None) == torch.backends.mps.is_available()


@pytest.mark.parametrize(("encoder", "expected"), [("libx264", 1), ("libvpx-vp9", 0)])
def test_a_missing_encoder_is_named(encoder: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("av.Codec", lambda name, mode: name == encoder and int("no such codec"))
    code, found = doctor()
    assert code == expected
    assert {name for name, reason in reasons(found["codecs"]).items() if reason} == {encoder}


def test_without_ultralytics_only_yolo_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ultralytics" else real(name))
    code, found = doctor()
    assert code == 0
    assert "not installed" in (reasons(found["backends"])["yolo keypoints"] or "")


def test_the_table_shows_state_and_reason() -> None:
    shown = CliRunner().invoke(app, ["doctor"]).stdout
    assert "WEIGHTS" in shown
    assert "libx264" in shown
    assert "unavailable: " in shown, "no machine has both CUDA and MPS"
