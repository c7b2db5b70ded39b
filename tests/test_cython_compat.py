"""The stand-in means what Cython's own module means: the tests run on both where both are."""

import importlib.util
from typing import Any

import pytest

from leveret._cython_compat import cython as stand_in


def modules() -> list[Any]:
    if importlib.util.find_spec("cython") is None:
        return [stand_in]
    import cython

    return [stand_in, cython]


each = pytest.mark.parametrize("cython", modules(), ids=lambda module: type(module).__name__)


@each
def test_it_is_not_compiled(cython: Any) -> None:
    assert cython.compiled is False


@each
@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [("int", 3, 3), ("ulonglong", 2**63, 2**63), ("Py_ssize_t", -1, -1), ("bint", 3, True)],
)
def test_a_type_converts_declares_and_casts_alike(
    cython: Any, name: str, given: int, expected: int
) -> None:
    kind = getattr(cython, name)
    assert kind(given) == expected
    assert cython.declare(kind, given) == expected
    assert cython.cast(kind, given) == expected


@each
def test_a_class_is_cast_to_without_a_change(cython: Any) -> None:
    given = object()
    assert cython.cast(object, given) is given


@each
@pytest.mark.parametrize("name", ["cclass", "cfunc", "ccall", "final", "inline", "nogil"])
def test_a_decorator_leaves_what_it_decorates(cython: Any, name: str) -> None:
    def decorated() -> int:
        return 1

    assert getattr(cython, name)(decorated)() == 1


@each
def test_an_exception_value_leaves_the_function(cython: Any) -> None:
    assert cython.exceptval(-1, check=False)(abs) is abs


def test_an_unknown_name_is_an_error() -> None:
    assert not hasattr(stand_in, "unsigned_thing")
