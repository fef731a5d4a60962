"""What this machine has: versions, devices, codecs and backends, and why one is unavailable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from models.errors import explain
from pipelines.runtime.versions import versions

ENCODERS = {
    "libx264": "MP4, MOV",
    "libx265": "MP4, MOV with --codec hevc",
    "libvpx-vp9": "WebM",
    "libsvtav1": "MP4, WebM, MKV with --codec av1",
    "prores_ks": "transparent MOV",
    "gif": "GIF",
    "png": "pictures",
    "aac": "sound in MP4, MOV",
    "libopus": "sound in WebM",
}

NEEDED = ("cpu", "libx264", "opencv")  # by every animation, besides weights


@dataclass(frozen=True)
class Finding:
    """One thing that is available (`reason` None) or not, and the line that says so."""

    name: str
    detail: str = ""
    reason: str | None = None

    @property
    def state(self) -> str:
        return f"unavailable: {self.reason}" if self.reason else f"ok{', ' if self.detail else ''}{self.detail}"


@dataclass(frozen=True)
class Diagnosis:
    """Everything `gfla doctor` shows."""

    versions: dict[str, str]
    devices: list[Finding]
    codecs: list[Finding]
    backends: list[Finding]
    weights: list[Finding]

    @property
    def usable(self) -> bool:
        """Whether `gfla animate` can make an MP4 with what is bundled."""
        found = (*self.devices, *self.codecs, *self.backends)
        needed = [*self.weights, *(finding for finding in found if finding.name in NEEDED)]
        return bool(self.weights) and all(finding.reason is None for finding in needed)

    def sections(self) -> dict[str, list[Finding]]:
        """Findings by title."""
        return {"devices": self.devices, "codecs": self.codecs, "backends": self.backends, "weights": self.weights}

    def as_dict(self) -> dict[str, Any]:
        """The whole diagnosis as plain data."""
        return asdict(self) | {"usable": self.usable}


def diagnose() -> Diagnosis:
    """Look at everything; nothing is fetched."""
    return Diagnosis(
        versions=versions(),
        devices=[_probe("cpu", _cpu), _probe("cuda", _cuda), _probe("mps", _mps)],
        codecs=[_probe(name, lambda name=name: _encoder(name)) for name in ENCODERS],
        backends=_detectors(),
        weights=_weights(),
    )


def _probe(name: str, look: Callable[[], str]) -> Finding:
    """`look` returns a detail, or raises with the reason."""
    try:
        return Finding(name, look())
    except ImportError as error:
        return Finding(name, reason=explain(error))
    except Exception as error:
        return Finding(name, reason=" ".join(str(error).split()) or type(error).__name__)


def _cpu() -> str:
    import torch

    from pipelines.runtime.bfloat16 import prefer_bfloat16

    prefers, reason = prefer_bfloat16()
    machine = f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"
    return f"{machine}; precision auto is {'bf16' if prefers else 'fp32'}: {reason}"


def _cuda() -> str:
    import torch

    from pipelines.runtime.devices import find_gpu_problem

    if torch.version.cuda is None:
        raise RuntimeError("this PyTorch build has no CUDA")
    if not torch.cuda.is_available():
        raise RuntimeError("no NVIDIA GPU or driver found")
    devices = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    if problems := [problem for device in devices if (problem := find_gpu_problem(device))]:
        raise RuntimeError("; ".join(problems))
    return ", ".join(map(torch.cuda.get_device_name, devices))


def _mps() -> str:
    import torch

    if not torch.backends.mps.is_built():
        raise RuntimeError("only in PyTorch for macOS")
    if not torch.backends.mps.is_available():
        raise RuntimeError("needs an Apple GPU and macOS 12.3 or later")
    return "Apple GPU"


def _encoder(name: str) -> str:
    import av

    try:
        av.Codec(name, "w")
    except ValueError:
        raise RuntimeError("the FFmpeg libraries of PyAV lack this encoder") from None
    return ENCODERS[name]


def _detectors() -> list[Finding]:
    from pipelines.keypoints.detectors.registry import availability

    found = [Finding(f"{name} keypoints", reason=reason) for name, reason in availability().items()]
    return [_probe("opencv", _opencv), *found, _probe("face landmarks", _landmarks), _probe("upscaler", _upscaler)]


def _upscaler() -> str:
    from pipelines.generation.upscaling import check_spandrel

    check_spandrel()
    return "spandrel"


def _opencv() -> str:
    import cv2

    return f"{cv2.getNumThreads()} threads"


def _landmarks() -> str:
    from pipelines.faces.landmark_detectors import find_available

    points = {"mediapipe": "68 points of the face mesh", "dlib": "68 points", "bundled": "68 points"}
    return f"{(name := find_available())}, {points[name]}"


def _weights() -> list[Finding]:
    from models.weights import catalogue, verify_bundled

    whole = verify_bundled()
    entries = {entry.name: entry for entry in catalogue()} if not any(whole.values()) else {}
    details = {name: f"{entry.architecture}, {entry.size / 1e6:.1f} MB" for name, entry in entries.items()}
    return [Finding(name, details.get(name, ""), problem) for name, problem in whole.items()]
