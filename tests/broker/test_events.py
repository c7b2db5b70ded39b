from leveret.broker.broker import Broker
from leveret.broker.events import EVENT_EXCHANGE
from leveret.engine.shard import Shard
from tests.broker.event_audience import Audience


def never(*about):
    raise AssertionError("facts for nobody")


def test_without_a_binding_there_are_no_events(random):
    audience = Audience(random)
    audience.broker.events.tell("queue.created", never)
    audience.bind().heard()
    audience.unbind()
    audience.heard()
    audience.broker.events.tell("queue.created", never)
    assert audience.names() == []


def test_before_the_broker_is_opened_there_are_none_either(random):
    broker = Broker(Shard(), random)
    host = broker.virtual_host("/")
    host.declare_queue("q", connection=None)
    host.bind_queue(queue="q", exchange=EVENT_EXCHANGE, routing_key="#", connection=None)
    broker.events.tell("queue.created", never)


def test_only_the_keys_that_are_bound_arrive(random):
    audience = Audience(random).bind("queue.*")
    audience.shard.turn()
    audience.host.declare_queue("q", connection=None)
    audience.host.declare_exchange("x", "fanout")
    audience.shard.turn()
    assert audience.host.queues["events"].message_count == 1


def test_a_new_virtual_host_is_an_event_and_so_are_its_exchanges(audience):
    audience.broker.hosts.add("other")
    names = audience.names()
    assert names.count("exchange.created") == 7
    assert names[-1] == "vhost.created"
    assert EVENT_EXCHANGE not in audience.broker.virtual_host("other").exchanges


def test_it_says_for_whom_it_happens(audience):
    with audience.broker.events.acting("ann"):
        audience.host.declare_queue("q", connection=None)
    audience.host.declare_queue("r", connection=None)
    actors = [facts["user_who_performed_action"] for _, facts in audience.heard()]
    assert actors == ["ann", "rmq-internal"]
    audience.broker.events.tell("alarm.set", lambda: {"source": "memory"})
    assert audience.heard() == [("alarm.set", {"source": "memory"})]


def test_events_are_lost_with_the_default_virtual_host_and_begin_again_with_it(audience):
    broker = audience.broker
    audience.host.declare_queue("q", connection=None)
    broker.delete_virtual_host("/")
    while broker.hosts.leaving:
        audience.shard.turn()
    audience.shard.turn()
    broker.users.add("ann", "secret")
    assert not broker.events.pending
    audience.host = broker.hosts.add("/")
    audience.host.declare_queue("events", connection=None)
    audience.bind().heard()
    broker.users.add("bob", "secret")
    assert audience.names() == ["user.created"]


def test_a_message_is_persistent_and_says_when(audience):
    audience.shard.agenda.set_time(1_700_000_000_123)
    audience.host.declare_queue("q", connection=None)
    (event,) = audience.broker.events.pending
    assert (event.now, event.headers["timestamp_in_ms"]) == (1_700_000_000_123,) * 2
    seconds = []
    audience.broker.events.write = lambda headers, timestamp: seconds.append(timestamp) or b"\0\0"
    audience.shard.turn()
    assert seconds == [1_700_000_000]


def test_nobody_else_publishes_there(audience):
    assert audience.host.exchanges[EVENT_EXCHANGE].internal
