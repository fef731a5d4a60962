"""The errors that users see: each message is one line that names the offending value and the remedy."""

import re

# Libraries of the system that OpenCV needs and that small containers lack -> the packages of Debian and Ubuntu.
SYSTEM_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
    "libxcb.so.1": "libxcb1",
}


class GflaError(Exception):
    """Base of every error that is reported as one line instead of a traceback."""


class InputError(GflaError):
    """A file, value or option from the user can't be used."""


class WeightsError(GflaError):
    """A weights file is missing, damaged, or of another architecture."""


class BackendUnavailable(GflaError):
    """A device, library or detector that was requested by name can't run here."""


class ProcessingError(GflaError):
    """The work started but could not be completed."""


def install_command(extra: str) -> str:
    """How to install one of the extras of pyproject.toml; gfla is installed from its source, not from an index."""
    return f"pip install '.[{extra}]' in a checkout of gfla"


def explain(error: Exception) -> str:
    """The one line that a user sees about any error."""
    if isinstance(error, GflaError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return f"the package {error.name!r} is missing here: install gfla with its dependencies"
    if isinstance(error, ImportError):
        return _explain_import(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f": {error.filename}" if error.filename else "")
    if type(error).__name__ == "OutOfMemoryError":  # torch's, which is not imported here
        return f"the GPU is out of memory ({str(error).splitlines()[0]}): close other programs, or use --device cpu"
    if isinstance(error, MemoryError):
        return "out of memory: try --frame crop, or a smaller source picture"
    return f"{type(error).__name__}: {error} (GFLA_DEBUG=1 shows where)"


def _explain_import(error: ImportError) -> str:
    """A package that is installed but can't be loaded."""
    package = repr(error.name.split(".")[0]) if error.name else "that was installed with gfla"
    reason = (str(error).splitlines() or ["no reason given"])[0]
    if missing := re.match(r"(\S+\.so[.\d]*): cannot open shared object file", reason):
        library = missing[1]
        debian = SYSTEM_PACKAGES.get(library)
        remedy = (
            f"'apt install {debian}' has it on Debian and Ubuntu" if debian else "install it with the system's tool"
        )
        return f"the system library {library} is missing here, which the package {package} needs: {remedy}"
    return f"the package {package} can't be loaded ({reason}): install gfla and its dependencies again"
