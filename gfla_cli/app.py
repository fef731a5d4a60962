"""The `gfla` program: its commands, and errors as one line on stderr with an exit code.

Exit codes: 0 done; 1 processing failed; 2 wrong usage, unreadable input, missing dependency; 3 some jobs of a batch
failed, or the inputs of `check` are doubtful; 130 interrupted; 141 nobody reads standard output any more.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, NoReturn

import typer

from gfla_cli import console, json_progress
from gfla_cli.commands import (
    animate,
    batch,
    check,
    data,
    demo,
    doctor,
    evaluate,
    face,
    keypoints,
    pose,
    preview,
    rerun,
    train,
    ui,
    view_synth,
    weights,
)
from gfla_cli.common_options import add_common_options
from gfla_cli.config_files import explain_origin
from gfla_cli.examples import add_examples
from gfla_cli.plain_help import PlainGroup, use_plain_help
from gfla_cli.usage_errors import USAGE_ERROR, explain_usage_error
from models.errors import GflaError, ProcessingError, explain

# Set before torch is loaded. Waiting threads that sleep cost a few per cent; spinning, they slow a busy machine
# severalfold.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

INTERRUPTED = 130
BROKEN_PIPE = 141  # what shells report of programs that the signal for it ends
# The first row that matches decides.
EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (USAGE_ERROR, 2),
    (ProcessingError, 1),
    (GflaError, 2),
    (ImportError, 2),
    (Exception, 1),
)


class Program(PlainGroup):
    """The command group whose `main` prints errors as one line; with GFLA_DEBUG=1 also the traceback."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the command line and exit with its code."""
        console.open_closed_streams()
        console.accept_all_characters()
        _interrupt_on_signals()
        kwargs["standalone_mode"] = False
        if json_progress.is_asked_for(kwargs.get("args") or sys.argv[1:]):
            json_progress.begin()
        try:
            code = super().main(*args, **kwargs) or 0
            sys.stdout.flush()
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        except BrokenPipeError:
            code = BROKEN_PIPE
        except SystemExit as error:  # how Typer ends where nobody reads, and after it has completed a word
            code = BROKEN_PIPE if isinstance(error.__context__, OSError) else int(error.code or 0)
        except Exception as error:
            code = _print_error(error)
        if code == INTERRUPTED:
            console.error("interrupted", code)
        if code == BROKEN_PIPE:
            _discard_stdout()
        json_progress.end()
        sys.exit(code)


app = typer.Typer(
    name="gfla",
    cls=Program,
    help="Make a still picture move: one photo and one driving video in, one video out.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("preview")(preview.preview)
app.command("animate")(animate.animate)
app.command("pose")(pose.pose)
app.command("face")(face.face)
app.command("view-synth")(view_synth.view_synth)
app.command("check")(check.check)
app.command("batch")(batch.batch)
app.command("rerun")(rerun.rerun)
app.command("ui")(ui.ui)
app.command("keypoints")(keypoints.keypoints)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(data.app, name="data")
app.add_typer(weights.app, name="weights")
app.command("doctor")(doctor.doctor)
add_examples(app)
add_common_options(app)
use_plain_help(app)


def _show_version(requested: bool) -> None:
    if requested:
        console.out(f"gfla {_version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Make a still picture move: one photo and one driving video in, one video out."""
    if context.invoked_subcommand is None:
        console.out(context.get_help())


def main() -> NoReturn:
    """Entry point of the console script `gfla`."""
    app(prog_name="gfla")
    raise AssertionError("Program.main exits")


def _version() -> str:
    try:
        return version("gfla")
    except PackageNotFoundError:
        return "(not installed)"


def _print_error(error: Exception) -> int:
    """Print the error; its exit code."""
    if os.environ.get("GFLA_DEBUG") == "1":
        traceback.print_exception(error)
    code = next(code for kind, code in EXIT_CODES if isinstance(error, kind))
    console.error(_message(error), code)
    return code


def _message(error: Exception) -> str:
    if isinstance(error, USAGE_ERROR):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "gfla"
        return f"{explain_origin(error)}{explain_usage_error(error)} (see '{command} --help')"
    return explain(error)


def _interrupt_on_signals() -> None:
    """Let SIGTERM, and SIGHUP at the end of the terminal, clean up like Ctrl-C; what `nohup` ignores stays ignored."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):  # Windows lacks the second
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def _discard_stdout() -> None:
    """After the reader of stdout is gone: redirect the rest to /dev/null, so that Python's last flush is silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
