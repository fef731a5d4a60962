"""Reads dictionaries from NumPy archives, which are pickles, without running what a pickle may contain.

`numpy.load(allow_pickle=True)` would run any code in the file. Here only arrays, their types, and Python's own
containers and numbers are built; a pickle that names anything else is refused. `human36m` calls `load_object`.
"""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError

MAX_BYTES = 4 * 2**30  # of one object
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")


class _Forbidden(Exception):
    """The pickle asks for something other than data."""


def _encode(text: str, encoding: str) -> bytes:
    """Builds bytes as Python 3 writes them in old pickle protocols."""
    if encoding != "latin1":
        raise _Forbidden(encoding)
    return text.encode("latin1")


def _reconstruct(kind: type, shape: tuple, code: bytes) -> np.ndarray:
    """Builds the empty array that NumPy's own pickles begin with."""
    if kind is not np.ndarray or shape != (0,):
        raise _Forbidden("_reconstruct")
    return np.ndarray(shape, np.dtype(code.decode() if isinstance(code, bytes) else code))


def _scalar(kind: np.dtype, data: bytes) -> Any:
    """Builds a NumPy number."""
    if kind.hasobject:
        raise _Forbidden("scalar")
    return np.frombuffer(data, kind, 1)[0]


_ALLOWED = {("_codecs", "encode"): _encode} | {
    (module, name): value
    for module in _MODULES
    for name, value in (
        ("_reconstruct", _reconstruct), ("scalar", _scalar), ("ndarray", np.ndarray), ("dtype", np.dtype),
    )
}  # fmt: skip


class _Unpickler(pickle.Unpickler):
    """Knows the names of `_ALLOWED` only."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise _Forbidden(f"{module}.{name}")
        return _ALLOWED[module, name]


def load_object(path: Path, key: str) -> Any:
    """Loads the single object that is saved as `key` in the archive `path`.

    Raises:
        InputError: the archive or the key does not exist, is damaged or too large, or is a pickle of more than arrays,
            numbers and containers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(f"{key}.npy").file_size > MAX_BYTES:
                raise InputError(f"{path}: {key} is larger than {MAX_BYTES // 2**30} GiB")
            with archive.open(f"{key}.npy") as file:
                np.lib.format.read_magic(file)
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                if shape != () or dtype.kind != "O":
                    raise InputError(f"{path}: {key} is {dtype} {shape}, not a dictionary")
                return _Unpickler(file, encoding="latin1").load().item()
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error})") from None
    except KeyError:
        raise InputError(f"{path} has no {key}") from None
    except _Forbidden as error:
        raise InputError(f"{path} refers to {error}, which is code, not data; such files are not read") from None
    except Exception as error:  # a damaged pickle raises nearly anything
        raise InputError(f"{path} is damaged ({type(error).__name__}); copy it again") from None
