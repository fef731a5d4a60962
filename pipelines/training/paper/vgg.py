"""Where a run of the paper's recipes gets VGG19: torchvision's weights, a file, or not at all."""

from pathlib import Path

from models.errors import BackendUnavailable
from models.losses.perceptual import Vgg19, load_vgg19
from pipelines.runtime.downloads import PublishedFile
from pipelines.runtime.progress import Progress
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes

VGG19 = PublishedFile("torchvision's VGG19", "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth", "dcbb9e9d")


def find_vgg19(config: TrainConfig, processes: Processes, progress: Progress) -> Vgg19 | None:
    """VGG19 as `config.vgg` asks for it, on this process's device; None: train without it.

    By default a data set gets torchvision's, which the main process downloads, and rendered images none.

    Raises:
        BackendUnavailable: torchvision's weights are neither on this machine nor can they be downloaded.
        WeightsError: the file has no VGG19.
    """
    choice = config.vgg or ("none" if config.data == "synthetic" else "torchvision")
    if choice == "none":
        progress.note("training without VGG19: no content, style and correctness losses")
        return None
    path = processes.run_main_first(_obtain) if choice == "torchvision" else Path(choice)
    return load_vgg19(path).to(processes.device)


def _obtain() -> Path:
    try:
        return VGG19.obtain(fetch=True)
    except BackendUnavailable as error:
        raise BackendUnavailable(f"{error}; or use --vgg PATH for the file, --vgg none to train without it") from None
