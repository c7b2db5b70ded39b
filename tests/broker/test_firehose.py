import pytest

from leveret.broker.broker import Broker
from leveret.broker.firehose import TRACE_EXCHANGE, Client
from leveret.broker.message import NO_PROPERTIES, Message
from leveret.engine.shard import Shard

CLIENT = Client("a -> b", 7, "ann")


class Copies:
    """A broker, and a queue of what its firehose copies, which is on."""

    def __init__(self, random) -> None:
        self.shard = Shard()
        self.broker = Broker(self.shard, random)
        self.broker.hosts.write_trace = lambda properties, about: NO_PROPERTIES
        self.host = self.broker.virtual_host("/")
        self.host.declare_queue("q", connection=None)
        self.host.declare_queue("copies", connection=None)
        self.bind("#")
        self.switch(True)

    def bind(self, routing_key):
        self.host.bind_queue(
            queue="copies", exchange=TRACE_EXCHANGE, routing_key=routing_key, connection=None
        )

    def switch(self, is_on):
        chore = self.broker.hosts.trace("/", is_on=is_on)
        while not chore.done:
            self.shard.turn()

    def taken(self):
        """Routing keys and facts of what was noted, which goes to the queue."""
        pending = [] if self.host.firehose is None else list(self.host.firehose.pending)
        before = self.host.queues["copies"].message_count
        self.shard.turn()
        assert self.host.queues["copies"].message_count == before + len(pending)
        return [(key, dict(about)) for key, _, about in pending]


@pytest.fixture
def copies(random):
    return Copies(random)


def test_no_route_is_kept_while_it_is_on(copies):
    host = copies.host
    assert host.route("", "q").by_content
    copies.switch(False)
    kept = host.route("", "q")
    assert (kept.by_content, kept.queue_count, kept.is_good()) == (False, 1, True)
    copies.switch(True)
    assert not kept.is_good()
    assert host.routes.find(b"", b"q") is None


def test_what_is_published_says_whose_it_is_and_where_it_goes(copies):
    message = Message("", ("q",), body=memoryview(b"body"))
    route = copies.host.route_message(message, client=CLIENT)
    assert route.queue_count == 1
    assert copies.host.firehose.pending[0][1].body == b"body"
    expected = {
        **{"exchange_name": "", "routing_keys": ("q",), "vhost": "/", "connection": "a -> b"},
        **{"channel": 7, "user": "ann", "routed_queues": ["q"]},
    }
    assert copies.taken() == [("publish.", expected)]


def test_what_is_delivered_says_from_where(copies):
    number = copies.host.queues["q"].store.number
    message = Message("x", ("k",))
    copies.host.firehose.delivered(message, CLIENT, queue=number, redelivered=True)
    expected = {
        **{"exchange_name": "x", "routing_keys": ("k",), "redelivered": 1, "vhost": "/"},
        **{"connection": "a -> b", "channel": 7, "user": "ann"},
    }
    assert copies.taken() == [("deliver.q", expected)]


def test_queues_that_come_later_have_names_too(copies):
    number = copies.host.declare_queue("later", connection=None).store.number
    copies.host.firehose.delivered(Message("", ("k",)), CLIENT, queue=number, redelivered=False)
    reply = copies.host.open_reply_queue(object())
    copies.host.firehose.delivered(
        Message("", ("k",)), CLIENT, queue=reply.store.number, redelivered=False
    )
    assert [key for key, _ in copies.taken()] == ["deliver.later", f"deliver.{reply.name}"]


def test_a_copy_is_not_copied(copies):
    message = Message(TRACE_EXCHANGE, ("publish.x",))
    copies.host.firehose.delivered(message, CLIENT, queue=0, redelivered=False)
    assert copies.taken() == []


def test_nothing_is_noted_for_nobody(copies):
    copies.host.unbind_queue(
        queue="copies", exchange=TRACE_EXCHANGE, routing_key="#", connection=None
    )
    copies.host.route_message(Message("", ("q",)), client=CLIENT)
    assert copies.host.firehose.pending == []


def test_a_key_that_is_too_long_is_cut(copies):
    copies.host.declare_exchange("x" * 255, "fanout")
    copies.host.route_message(Message("x" * 255, ("k",)), client=CLIENT)
    assert len(copies.taken()) == 1


def test_it_can_be_begun_and_ended_twice(copies):
    firehose = copies.host.firehose
    copies.switch(True)
    assert copies.host.firehose is firehose
    copies.switch(False)
    copies.switch(False)
    assert copies.host.firehose is None


def test_each_virtual_host_has_its_own(copies):
    other = copies.broker.hosts.add("other")
    assert other.exchanges[TRACE_EXCHANGE].internal
    other.declare_queue("q", connection=None)
    assert not other.route("", "q").by_content


def test_what_was_noted_when_it_ends_is_still_published(copies):
    copies.host.route_message(Message("", ("q",)), client=CLIENT)
    copies.switch(False)
    copies.shard.turn()
    assert copies.host.queues["copies"].message_count == 1
