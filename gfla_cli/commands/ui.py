"""`gfla ui`: a page in the browser, on this computer."""

import os
import sys

from gfla_cli import options
from gfla_cli.console import Console, out
from gfla_cli.ui_options import UiOptions
from models.errors import BackendUnavailable, install_command

PACKAGES = ("gradio", "fastapi", "starlette", "uvicorn")  # of the extra


@options.with_config(UiOptions)
def ui(ui: UiOptions, quiet: options.Quiet = False) -> None:
    """Open a page in the browser that animates pictures, until Ctrl-C; jobs that have not ended go on the next time."""
    try:
        from gfla_cli.ui.server import bind, is_local, make_app, open_desk, serve, url_of
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        raise BackendUnavailable(f"gfla ui needs {error.name}: {install_command('ui')}") from None

    bound = bind(ui.host, ui.port)
    with Console(quiet=quiet) as console, bound, open_desk(ui.folder, ui.max_upload, ui.batch) as desk:
        app, url = make_app(desk, ui.host), url_of(bound, ui.host)
        if not is_local(ui.host):
            console.note(f"everybody who reaches {ui.host} can use the page, without a password")
        bound.listen()
        out(url)
        sys.stdout.flush()
        console.summary(f"results are in {ui.folder}; Ctrl-C ends")
        if ui.open and _has_screen():
            import webbrowser

            webbrowser.open(url)
        serve(app, bound)


def _has_screen() -> bool:
    """Whether a browser would have a window, and not the terminal."""
    return sys.platform != "linux" or any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY"))
