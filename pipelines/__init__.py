"""Files, frames and poses around the networks.

The public names, `from pipelines import AnimateConfig, animate`, are resolved when they are first used: training and
the command line's `--help` import this package on machines and in moments where PyAV or torch shall not be loaded.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.animation import AnimateResult, animate
    from pipelines.configs import AnimateConfig, FaceConfig, KeypointsConfig, PoseConfig, PreviewConfig, ViewSynthConfig
    from pipelines.face_animation import FaceResult, animate_face
    from pipelines.keypoint_extraction import KeypointsResult, extract_keypoints
    from pipelines.pose_transfer import PoseResult, transfer_pose
    from pipelines.preflight.check import InputReport, check_inputs
    from pipelines.preview import PreviewResult, preview_animation
    from pipelines.view_synthesis import ViewSynthResult, synthesize_views

MODULES = {
    "AnimateConfig": "configs",
    "AnimateResult": "animation",
    "FaceConfig": "configs",
    "FaceResult": "face_animation",
    "InputReport": "preflight.check",
    "KeypointsConfig": "configs",
    "KeypointsResult": "keypoint_extraction",
    "PoseConfig": "configs",
    "PoseResult": "pose_transfer",
    "PreviewConfig": "configs",
    "PreviewResult": "preview",
    "ViewSynthConfig": "configs",
    "ViewSynthResult": "view_synthesis",
    "animate": "animation",
    "animate_face": "face_animation",
    "check_inputs": "preflight.check",
    "extract_keypoints": "keypoint_extraction",
    "preview_animation": "preview",
    "synthesize_views": "view_synthesis",
    "transfer_pose": "pose_transfer",
}
__all__ = [
    "AnimateConfig",
    "AnimateResult",
    "FaceConfig",
    "FaceResult",
    "InputReport",
    "KeypointsConfig",
    "KeypointsResult",
    "PoseConfig",
    "PoseResult",
    "PreviewConfig",
    "PreviewResult",
    "ViewSynthConfig",
    "ViewSynthResult",
    "animate",
    "animate_face",
    "check_inputs",
    "extract_keypoints",
    "preview_animation",
    "synthesize_views",
    "transfer_pose",
]


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *MODULES])
