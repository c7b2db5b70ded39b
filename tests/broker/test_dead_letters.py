import pytest

from leveret.broker.dead_letters import Ending, Letter, is_cycle
from leveret.broker.message import Message
from leveret.engine.dead_letters import DeadMessage

NOW = 5_000_999


class Plain:
    """A protocol whose properties are what the broker wrote last."""

    def __init__(self):
        self.stories = {}
        self.written = []

    def read(self, dead):
        name = dead.routing_key.decode()
        story = self.stories.get(dead.properties) if dead.has_died else None
        message = Message(dead.exchange.decode(), (name, "copy"), priority=dead.priority)
        return Letter(message, None, story)

    def write(self, properties, story, *, without_copies):
        written = b"\0\0" + bytes((len(self.stories),)) + b"!" * without_copies
        self.stories[written] = story
        self.written.append(written)
        return written


@pytest.fixture
def content(host):
    host.shard.agenda.set_time(NOW)
    host.shard.contents[0] = Plain()
    return host.shard.contents[0]


@pytest.fixture
def queue(host, content):
    """Its dead go to the fanout d, and so to x and y."""
    host.declare_exchange("d", "fanout")
    for name in ("x", "y"):
        host.declare_queue(name, connection=None)
        host.bind_queue(queue=name, exchange="d", routing_key="", connection=None)
    return host.declare_queue("q", arguments={"x-dead-letter-exchange": "d"}, connection=None)


def dead(key=b"q", *, properties=b"\0\0", has_died=False):
    return DeadMessage(b"e", key, properties, b"body", 7, 0, has_died)


def take(queue, reason="rejected", **options):
    queue.store.rules.dead_letters.take(dead(**options), reason)


def counts(host):
    return {name: queue.message_count for name, queue in host.queues.items() if name != "q"}


def test_the_dead_go_to_all_that_the_exchange_leads_to(host, queue, content):
    take(queue)
    assert counts(host) == {"x": 1, "y": 1}
    ((_, story),) = content.stories.items()
    (death,) = story.deaths
    assert death == ("q", "rejected", 1, NOW // 1000, "e", ("q", "copy"), None)
    assert story.first == story.last == Ending("q", "rejected", "e")


def test_without_the_exchange_or_a_queue_they_are_gone(host, queue):
    host.delete_exchange("d")
    take(queue)
    host.declare_exchange("d", "direct")
    take(queue)
    assert counts(host) == {"x": 0, "y": 0}


def test_the_queues_own_routing_key_replaces_those_of_the_message(host, content):
    for name in ("q2", "copy", "key"):
        host.declare_queue(name, connection=None)
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "key"}
    queue = host.declare_queue("q", arguments=arguments, connection=None)
    take(queue, key=b"q2")
    assert counts(host) == {"q2": 0, "copy": 0, "key": 1}
    assert [written[-1:] for written in content.stories] == [b"!"]
    arguments = {"x-dead-letter-exchange": ""}
    queue = host.declare_queue("other", arguments=arguments, connection=None)
    take(queue, key=b"q2")
    assert (counts(host)["q2"], counts(host)["copy"]) == (1, 1)


def test_a_second_death_for_the_same_reason_is_counted_and_is_the_latest(host, queue, content):
    take(queue)
    other = host.declare_queue("p", arguments={"x-dead-letter-exchange": "d"}, connection=None)
    take(other, "expired", properties=content.written[0], has_died=True)
    host.shard.agenda.set_time(NOW + 10_000)
    take(queue, properties=content.written[1], has_died=True)
    story = content.stories[content.written[2]]
    assert [(death.queue, death.reason, death.times) for death in story.deaths] == [
        ("q", "rejected", 2),
        ("p", "expired", 1),
    ]
    assert story.deaths[0].time == NOW // 1000
    assert (story.first.queue, story.last.queue) == ("q", "q")


def test_what_a_client_says_of_former_deaths_is_not_read(queue, content):
    take(queue)
    take(queue, properties=content.written[0], has_died=False)
    assert len(content.stories[content.written[1]].deaths) == 1


def test_who_would_go_round_by_himself_is_dropped_there(host, queue, content):
    host.bind_queue(queue="q", exchange="d", routing_key="", connection=None)
    take(queue, "expired")
    assert (counts(host), queue.message_count) == ({"x": 1, "y": 1}, 0)
    take(queue, "rejected")
    assert (counts(host), queue.message_count) == ({"x": 2, "y": 2}, 1)


@pytest.mark.parametrize(
    ("deaths", "cyclic"),
    [
        ([("q", "expired")], True),
        ([("q", "maxlen")], True),
        ([("q", "rejected")], False),
        ([("p", "expired"), ("q", "maxlen")], True),
        ([("p", "rejected"), ("q", "maxlen")], False),
        ([("q", "expired"), ("p", "rejected")], True),
        ([("p", "expired")], False),
    ],
)
def test_a_cycle_is_one_in_which_nobody_has_rejected(host, queue, content, deaths, cyclic):
    take(queue)
    story = content.stories[content.written[0]]
    (death,) = story.deaths
    told = [death._replace(queue=name, reason=reason) for name, reason in deaths]
    assert is_cycle(story._replace(deaths=told), "q") == cyclic


def test_the_dead_of_a_queue_that_refuses_go_there_too(host, content):
    host.declare_queue("d", connection=None)
    arguments = {
        "x-max-length": 1,
        "x-overflow": "reject-publish-dlx",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "d",
    }
    host.declare_queue("q", arguments=arguments, connection=None)
    route = host.route("", "q")
    accepted = [
        host.shard.insert(
            route, b"", b"q", properties=b"\0\0", body=b"x", arrival=0, priority=0, persistent=False
        )
        for _ in range(3)
    ]
    assert accepted == [True, False, False]
    assert (host.queues["q"].message_count, host.queues["d"].message_count) == (1, 2)
