"""The errors that users see: each message is one line that names the offending value and the remedy."""


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
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f": {error.filename}" if error.filename else "")
    if isinstance(error, MemoryError):
        return "out of memory: try --frame crop, or a smaller source picture"
    return f"{type(error).__name__}: {error} (GFLA_DEBUG=1 shows where)"
