"""The one family of errors that users see: the message names the offending value and the way out."""


class GflaError(Exception):
    """Base of every error that is reported as one line instead of a traceback."""


class InputError(GflaError):
    """A file, value or option given by the user can't be used."""


class WeightsError(GflaError):
    """A weights file is missing, damaged, or of another architecture."""


class BackendUnavailable(GflaError):
    """A device, library or extractor asked for by name can't run here."""


class ProcessingError(GflaError):
    """The work started and could not be finished."""
