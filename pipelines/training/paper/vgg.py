"""Where a training run's VGG19 comes from: torchvision's weights, a file, or none."""

from pathlib import Path

from models.errors import BackendUnavailable
from models.losses.perceptual import Vgg19, load_vgg19
from pipelines.runtime.downloads import PublishedFile
from pipelines.runtime.progress import Progress
from pipelines.training.engine.session import Processes, TrainConfig

VGG19 = PublishedFile("torchvision's VGG19", "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth", "dcbb9e9d")


def find_vgg19(config: TrainConfig, processes: Processes, progress: Progress, *, instead: str) -> Vgg19 | None:
    """What `config.vgg` asks for; by default torchvision's for a data set and none for rendered pictures.

    `instead` tells what a run without it has in its place.

    Raises:
        BackendUnavailable: torchvision's weights are not there and can't be fetched.
        WeightsError: the file given has no VGG19.
    """
    choice = config.vgg or ("none" if config.data == "synthetic" else "torchvision")
    if choice == "none":
        progress.note(f"without VGG19: content, style and sampling correctness are left out, {instead} instead")
        return None
    path = processes.main_first(_obtain) if choice == "torchvision" else Path(choice)
    return load_vgg19(path).to(processes.device)


def _obtain() -> Path:
    try:
        return VGG19.obtain(fetch=True)
    except BackendUnavailable as error:
        raise BackendUnavailable(f"{error}; --vgg PATH takes the file, --vgg none trains without") from None
