"""What Typer's parser refuses, as one line of ours. Called by `app` and, for job lists, by `job_options`."""

import glob
from typing import Any

import typer

USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # the base of all usage errors of Typer


def explain_usage_error(error: Any) -> str:
    """The message of a USAGE_ERROR, with the refused value and without the phrases of the library that validates."""
    message = error.format_message().rstrip(".").replace("Value error, ", "").partition(", unable to parse")[0]
    message = message or "Missing command"  # the help, which Typer shows then, has been printed
    return message.replace("Input should be", f"{_refused_value(error)!r} should be") + _hint(message)


def _refused_value(error: Any) -> Any:
    """The value that was refused, where Typer validates with Pydantic; older versions name it in the message."""
    details = getattr(error.__cause__, "errors", list)()
    return details[0]["input"] if details else "the value"


def _hint(message: str) -> str:
    """What to do about a pattern that matches nothing, or that the shell has replaced by all files that match."""
    value = message.partition("': ")[2]
    if message.endswith("does not exist") and glob.has_magic(value):
        return ": no file matches this pattern"
    if "unexpected extra argument" in message:
        return ": put names with spaces, and patterns of gfla batch, in quotes"
    return ""
