"""`diagnose` finds what works here and says why the rest does not."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from pipelines.diagnostics import Finding, diagnose


def reasons(findings: list[Finding]) -> dict[str, str | None]:
    return {finding.name: finding.reason for finding in findings}


def test_everything_needed_is_here() -> None:
    found = diagnose()
    assert found.usable
    assert set(reasons(found.codecs).values()) == {None}
    assert reasons(found.devices)["cpu"] is None
    assert reasons(found.backends)["bundled keypoints"] is None
    assert found.versions["torch"][0].isdigit()


def test_a_device_is_there_or_has_a_reason() -> None:
    found = reasons(diagnose().devices)
    assert (found["cuda"] is None) == torch.cuda.is_available()
    assert (found["mps"] is None) == torch.backends.mps.is_available()


@pytest.mark.parametrize(("encoder", "usable"), [("libx264", False), ("libvpx-vp9", True)])
def test_a_missing_encoder_is_named(encoder: str, usable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("av.Codec", lambda name, mode: name == encoder and int("no such codec"))
    found = diagnose()
    assert found.usable == usable
    assert {name for name, reason in reasons(found.codecs).items() if reason} == {encoder}


def test_networks_that_were_not_fetched_say_how_to_get_them() -> None:
    found = diagnose()
    assert found.usable
    reason = reasons(found.backends)["mediapipe keypoints"] or ""
    assert "gfla weights fetch mediapipe" in reason or "pip install ai-edge-litert" in reason


def test_without_ultralytics_only_yolo_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ultralytics" else real(name))
    found = diagnose()
    assert found.usable
    assert "not installed" in (reasons(found.backends)["yolo keypoints"] or "")


def test_a_package_that_can_not_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As OpenCV in a container without the libraries of a desktop."""
    problem = "libGL.so.1: cannot open shared object file: No such file or directory"
    (tmp_path / "cv2.py").write_text(f"raise ImportError({problem!r}, name='cv2')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cv2")
    found = diagnose()
    assert not found.usable
    assert "'apt install libgl1'" in (reasons(found.backends)["opencv"] or "")
