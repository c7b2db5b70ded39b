"""Stands in for the `cython` module where Cython is not installed.

The engine's files are ordinary Python that Cython can compile. Run uncompiled they use of
`cython` only these names, and none of them does anything.
"""

from __future__ import annotations

from typing import Any


class _Type:
    """A C type's name: calling it returns the value, so that `cython.int(3)` is 3."""

    def __call__(self, value: Any = 0) -> Any:
        return value


class _Cython:
    compiled = False

    def declare(self, _type: Any = None, value: Any = None, **_names: Any) -> Any:
        return value

    def cast(self, _type: Any, value: Any, **_options: Any) -> Any:
        return value

    def exceptval(self, *_arguments: Any, **_options: Any) -> Any:
        return lambda function: function

    def __getattr__(self, name: str) -> Any:
        if name in ("cclass", "cfunc", "ccall", "final", "inline", "no_gc", "nogil"):
            return lambda decorated: decorated
        return _Type()


cython: Any = _Cython()
