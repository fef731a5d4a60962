"""The options of `gfla ui`."""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class UiOptions:
    """Where the page is, and what it keeps."""

    panel: ClassVar[str] = "Page"

    batch: Path | None = None
    """Folder of a `gfla batch` whose jobs the page shows as well, and can run again."""
    _: KW_ONLY
    folder: Path = Path("gfla-ui")
    """Folder for the results, the queue and the uploads of the page."""
    host: str = "127.0.0.1"
    """Address to listen on. Only programs of this computer reach the default; with another one, everybody who reaches
    it can use the page and see its files."""
    port: int = 7860
    """Port to listen on; 0 is any free one."""
    max_upload: int = 1_000_000_000
    """Largest file that the page accepts, like `500MB` or `2GB`."""
    open: bool = True
    """Open the page in the browser."""
