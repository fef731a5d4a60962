"""Versions of Python and of installed packages, for reports and for comparing the machines of a cluster."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    *("gfla", "torch", "torchvision", "numpy", "av", "opencv-python", "pillow", "safetensors", "ultralytics"),
    *("ai-edge-litert", "onnxruntime"),
)


def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Versions of Python ("python") and of packages, by default those that affect the bytes of a result.

    Packages are named as `pip install` names them and are not imported; a missing one is "not installed".
    """
    return {"python": platform.python_version()} | {name: _version(name) for name in packages}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
