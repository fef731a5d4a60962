"""The two functions of PyMatting that mattes need, without the rest of the package.

Numba compiles PyMatting's functions when their modules are imported and stores them beside the package. `import
pymatting` compiles everything: 58 s the first time. The modules of these two functions take 11 s, and 0.7 s afterwards.
Run as a program, this module compiles them in advance.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from platformdirs import user_cache_path

from models.errors import BackendUnavailable
from pipelines.runtime.progress import Progress

PACKAGES = ("", "alpha", "foreground", "laplacian", "preconditioner", "solver", "util")  # that hold the modules
COMPILED = "estimate_foreground_ml._estimate_fb_ml*.nbi"  # files of the function that is compiled last
MAX_ENTRIES = 400  # of the preconditioner for each unknown pixel; pictures of people need 48 to 73
_lock = Lock()


class MattingFunctions(NamedTuple):
    """h, w size of a picture. Values are float64 in 0..1."""

    estimate_alpha: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """Picture [h, w, 3] and trimap [h, w] (0 background, 1 foreground, 0.5 unknown) -> alpha [h, w]."""
    estimate_colours: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """Picture [h, w, 3] and alpha [h, w] -> true colours of the foreground [h, w, 3]."""


@contextmanager
def matting_functions() -> Iterator[MattingFunctions]:
    """The functions, on one thread so that results are the same every time, for one caller at a time.

    Raises:
        BackendUnavailable: PyMatting is not installed or can't be imported.
    """
    with _lock:
        of_torch = torch.get_num_threads()  # Numba's OpenMP layer changes it
        functions = _load()
        import numba

        threads = numba.get_num_threads()
        numba.set_num_threads(1)
        try:
            yield functions
        finally:
            numba.set_num_threads(threads)
            torch.set_num_threads(of_torch)


def load_matting(progress: Progress) -> None:
    """Compile the functions, and say so, if this was never done here; otherwise begin to import them in a thread.

    Raises what `matting_functions` raises, but leaves it to that to say that the import fails.
    """
    if not is_compiled():
        progress.stage("compile PyMatting (once, about 15 s)", None)
        with matting_functions():
            pass
    elif not _load.cache_info().currsize:
        Thread(target=_load_early).start()


def _load_early() -> None:
    with _lock, suppress(BackendUnavailable):
        _load()


def is_compiled() -> bool:
    """Whether the next import takes a second, as far as can be told without importing; waits for one that goes on."""
    with _lock:  # an import that goes on has hollow packages, of which find_spec knows nothing
        if _load.cache_info().currsize:
            return True
        spec = find_spec("pymatting")
    if spec is None or not spec.submodule_search_locations:
        return True  # nothing to compile
    package = Path(spec.submodule_search_locations[0], "foreground", "__pycache__")
    return any(package.glob(COMPILED)) or any(_user_cache().rglob(COMPILED))


def _user_cache() -> Path:
    """Where Numba stores compiled functions of packages whose folder is not writable."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or user_cache_path("numba"))


@cache
def _load() -> MattingFunctions:
    with _hollow_package():
        try:
            return _import()
        except ImportError as error:
            raise BackendUnavailable(f"mattes need PyMatting ({error}): pip install pymatting") from None
        except RuntimeError:  # Numba finds no folder that it can write to
            from numba.core import config

            config.CACHE_DIR = tempfile.mkdtemp(prefix="gfla-numba-")  # pyright: ignore[reportAttributeAccessIssue]
            return _import()


def _import() -> MattingFunctions:
    from pymatting.alpha.estimate_alpha_cf import estimate_alpha_cf
    from pymatting.foreground.estimate_foreground_ml import estimate_foreground_ml

    decomposition = sys.modules["pymatting.preconditioner.ichol"]
    vars(decomposition)["print"] = _print_nothing

    def precondition(matrix: Any) -> Any:
        """PyMatting's own with less memory: it reserves 4 GB."""
        return decomposition.ichol(matrix, max_nnz=MAX_ENTRIES * matrix.shape[0])

    def estimate_alpha(picture: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        return estimate_alpha_cf(picture, trimap, preconditioner=precondition)  # pyright: ignore[reportArgumentType]

    return MattingFunctions(estimate_alpha, estimate_foreground_ml)  # pyright: ignore[reportArgumentType]


def _print_nothing(*values: object) -> None:
    """In place of `print` in the preconditioner, which tries again by itself and says so on stdout."""


@contextmanager
def _hollow_package() -> Iterator[None]:
    """Packages of PyMatting without their contents in the block, so that a module of it imports what it needs only."""
    names = [name for name in sys.modules if name.partition(".")[0] == "pymatting"]
    spec = find_spec("pymatting") if not names else None
    if spec is None or not spec.submodule_search_locations:  # imported already, or not installed
        yield
        return
    for package in PACKAGES:
        hollow = ModuleType(f"pymatting.{package}".rstrip("."))
        hollow.__path__ = [str(Path(folder, package)) for folder in spec.submodule_search_locations]
        sys.modules[hollow.__name__] = hollow
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "pymatting"]:
            del sys.modules[name]


if __name__ == "__main__":
    with matting_functions():
        pass
