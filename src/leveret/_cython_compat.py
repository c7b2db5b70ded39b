"""Stands in for the `cython` module where Cython is not installed.

The compiled packages' files are ordinary Python. Run uncompiled they use of `cython` only the
names below, which mean here what they mean in Cython's own module. A name that is not here is an
error: add it when a file comes to need it.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any


class _Type:
    """A C type: calling it converts, so that `cython.bint(3)` is True. Nothing is cut to width."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        self.convert = convert

    def __call__(self, value: Any = 0) -> Any:
        return self.convert(value)


def _unchanged(decorated: Any) -> Any:
    return decorated


class _Cython:
    compiled = False

    bint = _Type(bool)
    char = uchar = short = ushort = _Type(builtins.int)
    int = uint = long = ulong = longlong = ulonglong = _Type(builtins.int)
    Py_ssize_t = size_t = _Type(builtins.int)
    double = _Type(float)

    cclass = cfunc = ccall = final = inline = no_gc = nogil = staticmethod(_unchanged)

    def declare(self, kind: Any = None, value: Any = 0) -> Any:
        return self.cast(kind, value)

    def cast(self, kind: Any, value: Any) -> Any:
        return kind(value) if isinstance(kind, _Type) else value

    def exceptval(self, value: Any = None, *, check: bool = True) -> Any:
        return _unchanged


cython: Any = _Cython()
