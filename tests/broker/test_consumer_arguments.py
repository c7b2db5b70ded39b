import pytest

from leveret.broker.consumer_arguments import priority_of
from leveret.broker.errors import PreconditionFailed


@pytest.mark.parametrize(
    ("value", "priority"), [(0, 0), (-7, -7), (10, 10), (2**40, 2**31 - 1), (-(2**40), 1 - 2**31)]
)
def test_a_priority_is_any_whole_number(value, priority):
    assert priority_of({"x-priority": value}, resource="queue 'q'") == priority


def test_without_a_priority_it_is_0():
    assert priority_of({"x-other": "high"}, resource="queue 'q'") == 0


@pytest.mark.parametrize(
    ("value", "type"),
    [("high", "longstr"), (True, "bool"), (1.0, "double"), (None, "void"), ([], "array")],
)
def test_what_is_no_whole_number_is_refused(value, type):
    with pytest.raises(PreconditionFailed) as refusal:
        priority_of({"x-priority": value}, resource="queue 'q' in vhost '/'")
    reason = f"{{unacceptable_type,{type}}}"
    assert refusal.value.text == f"invalid arg 'x-priority' for queue 'q' in vhost '/': {reason}"
