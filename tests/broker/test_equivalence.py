import pytest

from leveret.broker.equivalence import as_term, check_arguments, check_field, type_name
from leveret.broker.errors import PreconditionFailed

RESOURCE = "queue 'q' in vhost '/'"


def refusal(current, received, names=("a",)):
    with pytest.raises(PreconditionFailed) as refusal:
        check_arguments(names, current=current, received=received, resource=RESOURCE)
    return refusal.value.text


@pytest.mark.parametrize("same", [{}, {"a": 1}, {"a": "x", "b": True}])
def test_the_same_arguments_are_equivalent(same):
    check_arguments(("a", "b"), current=same, received=dict(same), resource=RESOURCE)


def test_only_the_named_arguments_are_compared():
    check_arguments(("a",), current={"b": 1}, received={"b": 2, "c": 3}, resource=RESOURCE)


def test_two_values_are_shown_as_they_are():
    assert refusal({"a": 1000}, {"a": 2000}) == (
        "inequivalent arg 'a' for queue 'q' in vhost '/': received '2000' but current is '1000'"
    )


def test_a_value_against_none_is_shown_with_its_type():
    assert refusal({}, {"a": 60000}) == (
        "inequivalent arg 'a' for queue 'q' in vhost '/': "
        "received the value '60000' of type 'signedint' but current is none"
    )
    assert refusal({"a": b"x"}, {}) == (
        "inequivalent arg 'a' for queue 'q' in vhost '/': "
        "received none but current is the value 'x' of type 'binary'"
    )


def test_the_first_difference_in_the_given_order_is_told():
    assert "arg 'b'" in refusal({"a": 1, "b": 1}, {"a": 2, "b": 2}, names=("b", "a"))


def test_no_queue_type_means_classic():
    names = ("x-queue-type",)
    classic = {"x-queue-type": "classic"}
    check_arguments(names, current={}, received=classic, resource=RESOURCE)
    check_arguments(names, current=classic, received={}, resource=RESOURCE)
    assert refusal({}, {"x-queue-type": "quorum"}, names) == (
        "inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': "
        "received the value 'quorum' of type 'longstr' but current is none"
    )


@pytest.mark.parametrize(
    ("current", "received", "told"),
    [
        (True, False, "received 'false' but current is 'true'"),
        ("direct", "fanout", "received 'fanout' but current is 'direct'"),
    ],
)
def test_a_differing_field_is_told(current, received, told):
    with pytest.raises(PreconditionFailed) as refusal:
        check_field("f", current=current, received=received, resource=RESOURCE)
    assert refusal.value.text == f"inequivalent arg 'f' for {RESOURCE}: {told}"


def test_an_equal_field_is_not_told():
    check_field("f", current=True, received=True, resource=RESOURCE)


@pytest.mark.parametrize(
    ("value", "term"),
    [
        *(("x", '<<"x">>'), (b"x", '<<"x">>'), ("", "<<>>")),
        *((None, "undefined"), (True, "true"), (5, "5")),
    ],
)
def test_a_value_is_printed_as_rabbitmq_prints_it(value, term):
    assert as_term(value) == term


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "bool"),
        (2**31 - 1, "signedint"),
        (-(2**31), "signedint"),
        (2**31, "long"),
        (-(2**31) - 1, "long"),
        (1.5, "double"),
        ("x", "longstr"),
        (b"x", "binary"),
        ([], "array"),
        ({}, "table"),
        (None, "void"),
        (type("Timestamp", (int,), {})(5), "timestamp"),
    ],
)
def test_types_have_rabbitmqs_names(value, name):
    assert type_name(value) == name
