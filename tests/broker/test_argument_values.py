import json
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.broker.argument_values import (
    UnknownClass,
    dump_arguments,
    dump_frozen,
    load_arguments,
    load_frozen,
)
from leveret.broker.arguments import freeze


class Timestamp(int):
    pass


Decimal = namedtuple("Decimal", "scale value")
CLASSES = {"Timestamp": Timestamp, "Decimal": Decimal}

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.integers(0, 2**64).map(Timestamp),
    st.builds(Decimal, st.integers(0, 255), st.integers(0, 2**32 - 1)),
)
NAMES = st.text(alphabet="!ab\udc80é", max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(NAMES, values, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)


def through_json(dumped):
    return json.loads(json.dumps(dumped))


@given(ARGUMENTS)
def test_arguments_come_back_as_they_were(arguments):
    loaded = load_arguments(through_json(dump_arguments(arguments)), CLASSES)
    assert loaded == arguments
    assert freeze(loaded) == freeze(arguments)


@given(ARGUMENTS)
def test_frozen_arguments_come_back_the_same(arguments):
    frozen = freeze(arguments)
    assert freeze(load_frozen(dump_frozen(frozen), CLASSES)) == frozen


def test_the_order_of_names_does_not_matter_to_frozen_arguments():
    assert dump_frozen(freeze({"a": 1, "b": 2})) == dump_frozen(freeze({"b": 2, "a": 1}))


def test_no_arguments_are_no_text():
    assert dump_frozen(freeze({})) == ""


@pytest.mark.parametrize(
    ("value", "dumped"),
    [
        (b"\xff", {"!bytes": "/w=="}),
        (Timestamp(17), {"!Timestamp": 17}),
        (Decimal(2, 995), {"!Decimal": [2, 995]}),
        ({"!bytes": 1}, {"!table": {"!bytes": 1}}),
        ([True, None, "ä"], [True, None, "ä"]),
    ],
)
def test_what_json_lacks_is_marked(value, dumped):
    assert dump_arguments({"a": value}) == {"a": dumped}


def test_a_class_that_nobody_brought_is_an_error():
    with pytest.raises(UnknownClass, match="Timestamp"):
        load_arguments({"a": {"!Timestamp": 1}}, {})


def test_what_is_no_argument_is_an_error():
    with pytest.raises(TypeError, match="not an argument: set"):
        dump_arguments({"a": {1}})
