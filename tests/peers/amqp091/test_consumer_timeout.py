from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from leveret.broker.queue_settings import QueueSettings
from leveret.engine.amqp091.unacked import Unacked
from leveret.engine.memory import Memory
from leveret.engine.pages import PagePool
from leveret.peers.amqp091.consumer_timeout import Watch, text, timeout_of


@dataclass(eq=False)
class Consumer:
    holder: int
    closed: bool = False
    unacked_count: int = 0


@pytest.fixture
def unacked():
    return Unacked(PagePool(Memory()), 1000)


@pytest.fixture
def consumer():
    return Consumer(3)


@pytest.fixture
def watch(unacked, consumer):
    watch = Watch(unacked)
    watch.add(consumer, 800, 0)
    return watch


def late_at(watch, *, until):
    """When a consumer is first found to be late."""
    while watch.deadline <= until:
        if watch.look(tick := watch.deadline) is not None:
            return tick
    return None


def test_who_keeps_a_message_for_too_long_is_found_soon(watch, unacked):
    unacked.add(3, 17)
    found = late_at(watch, until=5000)
    assert 800 <= found <= 1000


def test_who_settles_in_time_is_left_alone(watch, unacked):
    for tick in range(100, 5000, 100):
        tag = unacked.add(3, tick)
        assert late_at(watch, until=tick + 50) is None
        assert unacked.take(tag)


def test_what_others_keep_does_not_matter(watch, unacked):
    unacked.add(2, 17)
    assert late_at(watch, until=5000) is None


def test_a_young_message_behind_settled_ones_is_young(watch, unacked):
    first = unacked.add(3, 1)
    assert late_at(watch, until=700) is None
    unacked.take(first)
    unacked.add(3, 2)
    assert late_at(watch, until=1400) is None
    assert late_at(watch, until=3000) is not None


def test_who_has_gone_and_holds_nothing_is_watched_no_more(watch, unacked, consumer):
    unacked.add(3, 17)
    consumer.closed, consumer.unacked_count = True, 1
    assert late_at(watch, until=5000) is not None
    consumer.unacked_count = 0
    assert watch.look(9000) is None
    assert (watch.deadline, watch.consumers) == (None, {})


def test_notes_do_not_pile_up(watch, unacked):
    assert late_at(watch, until=100_000) is None
    assert len(watch.notes) < 12


@pytest.mark.parametrize(
    ("settings", "asked", "milliseconds"),
    [
        (QueueSettings(), None, None),
        (QueueSettings(type="quorum"), None, 1_800_000),
        (QueueSettings(type="quorum", consumer_timeout=5), None, 5),
        (QueueSettings(type="quorum", consumer_timeout=5), 7, 7),
    ],
)
def test_the_consumer_says_how_long_or_the_queue_or_nobody(settings, asked, milliseconds):
    assert timeout_of(SimpleNamespace(settings=settings), asked) == milliseconds


def test_the_client_is_told_in_rabbitmqs_words():
    assert text(1, 5).startswith("delivery acknowledgement on channel 1 timed out. Timeout value")
