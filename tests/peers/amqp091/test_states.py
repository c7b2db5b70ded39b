"""The table of states, as a whole."""

import pytest

from leveret.peers.amqp091.dispatch import CONNECTION_HANDLERS
from leveret.peers.amqp091.states import TRANSITIONS, State
from leveret.wire.amqp091.methods import METHODS, ConnectionClose

IN_ORDER = list(State)


def test_every_method_in_the_table_has_its_handler():
    assert {method_id for _, method_id in TRANSITIONS} == set(CONNECTION_HANDLERS)
    assert all(METHODS[method_id].METHOD_ID >> 16 == 10 for method_id in CONNECTION_HANDLERS)


def test_no_method_leads_back():
    for (state, _), follower in TRANSITIONS.items():
        assert IN_ORDER.index(follower) >= IN_ORDER.index(state)


@pytest.mark.parametrize("state", IN_ORDER[1:-1])
def test_the_client_may_close_in_every_state_that_knows_it(state):
    assert (state, ConnectionClose.METHOD_ID) in TRANSITIONS


def test_nothing_is_heard_before_the_header_and_after_the_end():
    assert not {State.HEADER, State.CLOSED} & {state for state, _ in TRANSITIONS}
