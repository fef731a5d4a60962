"""How the other scripts here take their arguments from the command line."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

from models.errors import GflaError


def run_script(main: Callable[..., Any], usage: str | None) -> None:
    """Call `main` with the arguments of the command line, all of them text.

    `--help` prints `usage`; so does a wrong number of arguments, with exit code 2. An error is one line, without a
    traceback.
    """
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        print(usage)
        return
    try:
        inspect.signature(main).bind(*words)
    except TypeError as error:
        sys.exit(_fail(f"{error}\n\n{usage}"))
    try:
        main(*words)
    except GflaError as error:
        sys.exit(_fail(str(error)))


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 2
