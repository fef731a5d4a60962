"""TensorBoard logs, where the package is installed."""

from pathlib import Path
from typing import Any

MISSING = "no TensorBoard logs: pip install 'gfla[research]' adds them"


def open_board(folder: Path, *, first_step: int) -> Any | None:
    """A writer into `folder` whose earlier entries from `first_step` on are void; None without the package."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first_step or None)
