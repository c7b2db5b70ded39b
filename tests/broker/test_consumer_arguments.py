import pytest

from leveret.broker.consumer_arguments import OF_STREAMS, TIMEOUT, check, priority_of
from leveret.broker.errors import PreconditionFailed

RESOURCE = "queue 'q' in vhost '/'"


@pytest.mark.parametrize(
    ("value", "priority"), [(0, 0), (-7, -7), (10, 10), (2**40, 2**31 - 1), (-(2**40), 1 - 2**31)]
)
def test_a_priority_is_any_whole_number(value, priority):
    check({"x-priority": value}, resource=RESOURCE)
    assert priority_of({"x-priority": value}) == priority


def test_without_a_priority_it_is_0():
    check({"x-other": "high"}, resource=RESOURCE)
    assert priority_of({"x-other": "high"}) == 0


@pytest.mark.parametrize(
    ("value", "type"),
    [("high", "longstr"), (True, "bool"), (1.0, "double"), (None, "void"), ([], "array")],
)
def test_what_is_no_whole_number_is_refused(value, type):
    with pytest.raises(PreconditionFailed) as refusal:
        check({"x-priority": value}, resource=RESOURCE)
    reason = f'"expected integer, got {type}"'
    assert refusal.value.text == f"invalid arg 'x-priority' for {RESOURCE}: {reason}"


@pytest.mark.parametrize("name", (TIMEOUT, *OF_STREAMS))
def test_what_only_consumers_of_other_queues_have_is_refused(name):
    with pytest.raises(PreconditionFailed) as refusal:
        check({name: 1}, resource=RESOURCE)
    expected = f"invalid arg '{name}' for {RESOURCE} of queue type rabbit_classic_queue"
    assert refusal.value.text == expected


def test_a_consumer_of_a_quorum_queue_may_have_a_timeout():
    check({TIMEOUT: 5}, kind="quorum", resource=RESOURCE)
    with pytest.raises(PreconditionFailed) as refusal:
        check({TIMEOUT: -5}, kind="quorum", resource=RESOURCE)
    assert refusal.value.text.endswith("{value_negative,-5}")
