"""The docstrings under the fields of a dataclass, which Python itself does not keep.

In: a class. Out: text by field name, read from the source file. `gfla --help` and docs/generate.py show them.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache


def field_docs(cls: type) -> dict[str, str]:
    """Field name -> docstring on one line, of `cls` and its bases; a redeclared field has its newest docstring.

    Fields without a docstring are left out, and so is every field where the source files are not installed.
    """
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        docs |= _module_docs(base.__module__).get(base.__name__, {})
    return docs


@cache
def _module_docs(module: str) -> dict[str, dict[str, str]]:
    """Class name -> field name -> docstring."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):  # no source file; built-in
        return {}
    return {node.name: dict(_docstrings(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _docstrings(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, " ".join(below.value.value.split())
