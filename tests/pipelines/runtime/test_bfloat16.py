"""What the precision "auto" is on a processor: measured once, and the same for all processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipelines.diagnostics import diagnose
from pipelines.runtime.bfloat16 import prefer_bfloat16
from pipelines.runtime.devices import autocast, choose_precision

CPU = torch.device("cpu")
has_instructions = pytest.mark.skipif(
    not getattr(torch.cpu, "get_capabilities", dict)().get("avx512_bf16") or sys.platform != "linux",
    reason="nothing is measured without instructions for bfloat16, and only on Linux the cache folder can be chosen",
)
PROGRAM = "from pipelines.runtime.bfloat16 import prefer_bfloat16; print(prefer_bfloat16())"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gfla"


def stored(cache: Path) -> Path:
    (path,) = cache.glob("bfloat16-*.txt")
    return path


@has_instructions
def test_the_first_call_measures_and_the_next_ones_read(cache: Path) -> None:
    first = prefer_bfloat16()
    assert 0.05 < float(stored(cache).read_text()) < 20
    assert "times as long as float32" in first[1]
    written = stored(cache).stat().st_mtime_ns
    assert prefer_bfloat16() == first
    assert stored(cache).stat().st_mtime_ns == written


@has_instructions
@pytest.mark.parametrize(("share", "expected"), [(0.5, "bf16"), (0.85, "bf16"), (0.9, "fp32"), (1.8, "fp32")])
def test_bfloat16_is_taken_where_it_is_clearly_faster(cache: Path, share: float, expected: str) -> None:
    prefer_bfloat16()
    stored(cache).write_text(f"{share}\n")
    precision = choose_precision("auto", CPU)
    assert precision == expected
    with autocast(precision, CPU):
        assert torch.is_autocast_enabled("cpu") == (expected == "bf16")
    (cpu,) = (finding for finding in diagnose().devices if finding.name == "cpu")
    assert f"precision auto is {expected}: bfloat16 takes {share:.2f} times as long as float32" in cpu.detail


@has_instructions
def test_a_damaged_answer_is_measured_again(cache: Path) -> None:
    prefer_bfloat16()
    stored(cache).write_text("")
    prefer_bfloat16()
    assert float(stored(cache).read_text()) > 0


@has_instructions
def test_processes_that_start_together_agree(cache: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(cache.parent), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PROGRAM]
    processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate()[0] for process in processes}
    assert answers == {f"{prefer_bfloat16()}\n"}


@has_instructions
@pytest.mark.parametrize("amx", [True, False])
def test_without_a_folder_the_instructions_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, amx: bool) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    known = dict(torch.cpu.get_capabilities()) | {"amx_bf16": amx}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    prefers, reason = prefer_bfloat16()
    assert prefers == amx
    assert "not measured" in reason
    assert str(tmp_path / "file") in reason


@has_instructions
def test_nothing_random_is_used_up(cache: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    prefer_bfloat16()
    assert torch.rand(1) == expected


def test_without_instructions_it_is_float32(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True}, raising=False)
    assert choose_precision("auto", CPU) == "fp32"
    assert not cache.exists()


def test_auto_is_float32_where_pytorch_does_not_know_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert choose_precision("auto", CPU) == "fp32"
