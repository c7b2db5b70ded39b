from math import inf

import pytest

from leveret.broker.argument_checks import (
    boolean,
    check_exchange_name,
    check_not_of_other_types,
    check_values,
    one_of,
    text,
    whole_number,
    whole_number_in,
)
from leveret.broker.errors import PreconditionFailed

RESOURCE = "queue 'q' in vhost '/'"

first_to_third = whole_number_in(1, 3, too_small="value_zero", too_large="too_large")
colour = one_of(("red", "blue"), "invalid_colour")


@pytest.mark.parametrize(
    ("check", "value"),
    [
        *((whole_number, value) for value in (-(2**40), 0, 2**40)),
        *((first_to_third, value) for value in (1, 2, 3)),
        (whole_number_in(0, inf), 2**63),
        *((boolean, value) for value in (True, False)),
        *((text, value) for value in ("", "x", b"x")),
        *((colour, value) for value in ("red", b"blue")),
    ],
)
def test_what_may_be(check, value):
    assert check(value) is None


@pytest.mark.parametrize(
    ("check", "value", "reason"),
    [
        (whole_number, True, '"expected integer, got bool"'),
        (whole_number, 1.0, '"expected integer, got double"'),
        (whole_number, type("Timestamp", (int,), {})(5), '"expected integer, got timestamp"'),
        (first_to_third, "1", '"expected integer, got longstr"'),
        (first_to_third, -1, "{value_negative,-1}"),
        (first_to_third, 0, "{value_zero,0}"),
        (first_to_third, 4, "{too_large,4}"),
        (boolean, 1, "{unacceptable_type,signedint}"),
        (text, 5, "{unacceptable_type,signedint}"),
        (colour, None, "{unacceptable_type,void}"),
        (colour, "green", "invalid_colour"),
    ],
)
def test_what_may_not_be_and_why(check, value, reason):
    assert check(value) == reason


def test_the_first_check_that_refuses_is_told_and_names_without_a_value_are_not_checked():
    checks = {"x-absent": boolean, "x-a": boolean, "x-b": boolean}
    check_values({"x-a": True, "x-b": False, "x-other": 7}, checks, resource=RESOURCE)
    with pytest.raises(PreconditionFailed) as refusal:
        check_values({"x-b": 1, "x-a": 2.5}, checks, resource=RESOURCE)
    assert refusal.value.text == f"invalid arg 'x-a' for {RESOURCE}: {{unacceptable_type,double}}"


def test_an_argument_of_another_type_of_queue_is_refused():
    check_not_of_other_types({"x-a": 1}, ("x-b",), resource=RESOURCE)
    with pytest.raises(PreconditionFailed) as refusal:
        check_not_of_other_types({"x-b": 1}, ("x-a", "x-b"), resource=RESOURCE)
    expected = f"invalid arg 'x-b' for {RESOURCE} of queue type rabbit_classic_queue"
    assert refusal.value.text == expected


def test_an_exchange_is_named_by_text():
    for arguments in ({}, {"x-a": "name"}, {"x-a": ""}):
        check_exchange_name(arguments, "x-a", resource=RESOURCE)
    with pytest.raises(PreconditionFailed) as refusal:
        check_exchange_name({"x-a": None}, "x-a", resource=RESOURCE)
    assert refusal.value.text == f"invalid type 'void' for arg 'x-a' in {RESOURCE}"
