import pytest
from pika import BasicProperties, spec
from pika.frame import Header, Method

from tests.crash.events import Events
from tests.crash.promises import Message, Promise, promises
from tests.crash.trace import Kind

CLIENT = 9
ONE, TWO = Message("publisher/1", "exchange"), Message("publisher/2", "exchange")


@pytest.fixture
def events() -> Events:
    events = Events()
    events.add(Kind.ACCEPT, is_end=True, fd=CLIENT)
    return events


def hear(events: Events, *methods: object) -> None:
    for method in methods:
        data = Method(1, method).marshal()
        events.add(Kind.RECEIVE, is_end=True, fd=CLIENT, data=data)


def publish(events: Events, message: Message, delivery_mode: int = 2) -> None:
    hear(events, spec.Basic.Publish(exchange=message.exchange, routing_key="key"))
    properties = BasicProperties(message_id=message.key, delivery_mode=delivery_mode)
    data = Header(1, 0, properties).marshal()
    events.add(Kind.RECEIVE, is_end=True, fd=CLIENT, data=data)


def say(events: Events, method: object) -> int:
    """Returns the place of the send's beginning."""
    events.call(Kind.SEND, CLIENT, Method(1, method).marshal())
    return len(events) - 2


def test_a_confirm_is_a_promise(events: Events) -> None:
    hear(events, spec.Confirm.Select())
    publish(events, ONE)
    publish(events, TWO)
    second = say(events, spec.Basic.Ack(2))
    first = say(events, spec.Basic.Ack(1))
    assert list(promises(events)) == [Promise(second, TWO), Promise(first, ONE)]


def test_a_confirm_of_several_promises_all_up_to_its_tag(events: Events) -> None:
    hear(events, spec.Confirm.Select())
    publish(events, ONE)
    publish(events, TWO)
    index = say(events, spec.Basic.Ack(2, multiple=True))
    assert list(promises(events)) == [Promise(index, ONE), Promise(index, TWO)]


def test_nothing_is_promised_of_what_is_not_persistent(events: Events) -> None:
    hear(events, spec.Confirm.Select())
    publish(events, ONE, delivery_mode=1)
    say(events, spec.Basic.Ack(1))
    assert list(promises(events)) == []


def test_a_commit_promises_what_was_published_before_it(events: Events) -> None:
    publish(events, ONE)
    hear(events, spec.Tx.Rollback())
    publish(events, TWO)
    hear(events, spec.Tx.Commit())
    index = say(events, spec.Tx.CommitOk())
    assert list(promises(events)) == [Promise(index, TWO)]


def test_a_send_that_was_cut_off_may_have_promised(events: Events) -> None:
    hear(events, spec.Confirm.Select())
    publish(events, ONE)
    index = say(events, spec.Basic.Ack(1))
    del events[-1]
    assert list(promises(events)) == [Promise(index, ONE)]
