import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leveret.broker.arguments import canonical, freeze

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=3
)


@settings(max_examples=20)
@given(st.dictionaries(st.text(), values, max_size=3))
def test_the_order_of_arguments_does_not_matter(arguments):
    backwards = dict(reversed(arguments.items()))
    assert freeze(arguments) == freeze(backwards)
    assert hash(freeze(arguments)) == hash(freeze(backwards))


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (0, False), (1, 1.0), (1, "1"), ([1], [True]), ({"a": 1}, {"a": True}), ([], {})],
)
def test_values_of_two_classes_differ(one, other):
    assert canonical(one) != canonical(other)


def test_text_and_bytes_are_one_class():
    assert canonical("\udcff!") == canonical(b"\xff!")


def test_objects_of_other_classes_are_compared_among_themselves():
    class Time(int):
        pass

    class Decimal(tuple):
        __slots__ = ()

    assert canonical(Time(5)) == canonical(5)
    assert canonical(Decimal((1, 5))) == canonical(Decimal((1, 5)))
    assert canonical(Decimal((1, 5))) != canonical([1, 5])


def test_no_arguments_are_the_empty_tuple():
    assert freeze({}) == ()
