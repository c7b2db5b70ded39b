import pytest

from leveret.engine.route import Route
from tests.engine.client import (
    ACK,
    NACK,
    NOW,
    Answer,
    World,
    ack_frame,
    message,
    nack_frame,
    reject_frame,
)
from tests.engine.fake_log import FakeLog
from tests.engine.slow_store import SlowStore, drain

SECOND = 1000
CHUNK_BYTES = 1 << 20


def expiration(milliseconds):
    """Properties with nothing else in them."""
    text = b"%d" % milliseconds
    return b"\1\0" + bytes((len(text),)) + text


@pytest.fixture
def world():
    world = World()
    world.shard.agenda.set_time(NOW)
    return world


@pytest.fixture
def queue(world):
    return world.queue(b"q")


@pytest.fixture
def rules(world, queue):
    return world.shard.rulebook.rules_of(queue)


@pytest.fixture
def publisher(world):
    return world.connect()


def publish(client, *bodies, ttl=None, world=None):
    properties = b"\0\0" if ttl is None else expiration(ttl)
    client.send(b"".join(message(b"q", body, properties) for body in bodies))


def at(world, now):
    world.shard.agenda.set_time(now)
    world.turn()


def bodies(client):
    return [event.body for event in client.events()]


# Time to live


def test_a_message_stays_as_long_as_it_wants_and_no_longer(world, queue, publisher):
    publish(publisher, b"a", ttl=SECOND)
    at(world, NOW + SECOND - 1)
    assert (queue.ready_count, queue.ready_bytes) == (1, 1)
    at(world, NOW + SECOND)
    assert (queue.ready_count, queue.ready_bytes, world.shard.records.live_count) == (0, 0, 0)


def test_a_queue_has_its_messages_stay_no_longer_than_it_wants(world, queue, rules, publisher):
    rules.limit_age(SECOND)
    publish(publisher, b"a")
    publish(publisher, b"b", ttl=10 * SECOND)
    at(world, NOW + SECOND)
    assert queue.ready_count == 0


def test_the_smaller_of_both_times_counts(world, queue, rules, publisher):
    rules.limit_age(10 * SECOND)
    publish(publisher, b"a", ttl=SECOND)
    at(world, NOW + SECOND)
    assert queue.ready_count == 0


def test_messages_expire_at_the_head_only(world, queue, publisher):
    publish(publisher, b"stays")
    publish(publisher, b"goes", ttl=1)
    at(world, NOW + SECOND)
    assert queue.ready_count == 2
    assert publisher.channel().get(queue, True)
    at(world, NOW + SECOND)
    assert (bodies(publisher), queue.ready_count) == ([b"stays"], 0)


def test_a_consumer_that_comes_late_gets_nothing_that_has_expired(world, queue, publisher):
    publish(publisher, b"a", ttl=SECOND)
    publish(publisher, b"b")
    world.turn()
    world.shard.agenda.set_time(NOW + SECOND)
    publisher.consume(queue)
    world.turn()
    assert bodies(publisher) == [b"b"]


def test_what_may_not_stay_is_offered_once(world, queue, publisher):
    publish(publisher, b"offered", ttl=0)
    world.turn()
    assert queue.ready_count == 0
    publisher.consume(queue, prefetch=1)
    publish(publisher, b"taken", b"not taken", ttl=0)
    world.turn()
    assert (bodies(publisher), queue.ready_count, queue.unacked_count) == ([b"taken"], 0, 1)


def test_what_goes_back_keeps_its_time(world, queue, rules, publisher):
    rules.limit_age(SECOND)
    publisher.consume(queue, prefetch=1)
    publish(publisher, b"a")
    world.turn()
    publisher.consume(queue, prefetch=1)
    publisher.connection.close_channel(1)
    at(world, NOW + SECOND - 1)
    assert queue.ready_count == 1
    at(world, NOW + SECOND)
    assert queue.ready_count == 0


def test_what_was_delivered_does_not_expire_until_it_goes_back(world, queue, publisher):
    consumer = publisher.consume(queue, prefetch=1)
    publish(publisher, b"a", ttl=SECOND)
    at(world, NOW + 2 * SECOND)
    assert queue.unacked_count == 1
    publisher.channel().cancel(consumer)
    publisher.send(nack_frame(1))
    world.turn()
    assert (queue.unacked_count, queue.ready_count) == (0, 0)


def test_a_queue_that_learns_a_time_applies_it_to_what_is_there(world, queue, publisher):
    publish(publisher, b"a")
    world.turn()
    world.shard.agenda.set_time(NOW + SECOND)
    world.shard.rulebook.rules_of(queue).limit_age(SECOND)
    world.shard.rulebook.refresh(queue)
    assert queue.ready_count == 0


def test_a_queue_that_loses_its_time_keeps_what_is_there(world, queue, rules, publisher):
    rules.limit_age(SECOND)
    publish(publisher, b"a")
    world.turn()
    rules.limit_age(None)
    at(world, NOW + 2 * SECOND)
    assert queue.ready_count == 1


def test_who_asks_for_a_message_gets_none_that_has_expired(world, queue, rules, publisher):
    rules.limit_age(SECOND)
    publish(publisher, b"a")
    world.turn()
    world.shard.agenda.set_time(NOW + SECOND)
    assert queue.await_next() is None
    assert not publisher.channel().get(queue, True)


def test_what_one_queue_drops_in_one_turn_is_limited(world, queue, rules, publisher):
    rules.limit_age(SECOND)
    publish(publisher, *[b"."] * 5000)
    world.turn()
    world.shard.agenda.set_time(NOW + SECOND)
    world.shard.turn()
    assert queue.ready_count == 5000 - 4096
    world.turn()
    assert queue.ready_count == 0


def test_a_thousand_queues_cost_nothing_until_something_is_due(world):
    client = world.connect()
    queues = [world.queue(b"%d" % number) for number in range(1000)]
    for number, queue in enumerate(queues):
        world.shard.rulebook.rules_of(queue).limit_age(SECOND + number)
        client.publish(b"%d" % number)
    world.turn()
    at(world, NOW + SECOND - 1)
    assert not world.shard.pending
    at(world, NOW + SECOND + 499)
    assert sum(queue.ready_count for queue in queues) == 500


def test_a_queue_that_is_deleted_is_not_looked_after_any_more(world, queue, rules, publisher):
    rules.limit_age(SECOND)
    publish(publisher, b"a")
    world.turn()
    world.shard.close_queue(queue)
    at(world, NOW + SECOND)
    assert not world.shard.pending


# Length


def test_a_queue_that_is_too_long_drops_its_first_messages(world, queue, rules, publisher):
    rules.limit_length(count_max=2, bytes_max=None)
    publish(publisher, b"a", b"b", b"c", b"d")
    world.turn()
    assert queue.ready_count == 2
    publisher.consume(queue)
    world.turn()
    assert bodies(publisher) == [b"c", b"d"]


def test_a_queue_may_be_too_long_by_its_bytes(world, queue, rules, publisher):
    rules.limit_length(count_max=None, bytes_max=10)
    publish(publisher, b"four", b"five.", b"six...")
    world.turn()
    assert (queue.ready_count, queue.ready_bytes) == (1, 6)
    publish(publisher, b"eleven.....")
    world.turn()
    assert (queue.ready_count, queue.ready_bytes) == (0, 0)


def test_what_consumers_take_does_not_make_a_queue_too_long(world, queue, rules, publisher):
    rules.limit_length(count_max=1, bytes_max=None)
    publisher.consume(queue, prefetch=3)
    publish(publisher, b"a", b"b", b"c", b"d", b"e")
    world.turn()
    assert bodies(publisher) == [b"a", b"b", b"c"]
    assert (queue.ready_count, queue.unacked_count) == (1, 3)


def test_a_queue_of_length_0_hands_on_and_keeps_nothing(world, queue, rules, publisher):
    rules.limit_length(count_max=0, bytes_max=None)
    publisher.consume(queue, prefetch=1)
    publish(publisher, b"a", b"b")
    world.turn()
    assert (bodies(publisher), queue.ready_count) == ([b"a"], 0)


def test_who_asks_finds_the_queue_as_short_as_it_should_be(world, queue, rules, publisher):
    rules.limit_length(count_max=1, bytes_max=None)
    publish(publisher, b"a", b"b")
    world.shard.rulebook.refresh(queue)
    assert queue.ready_count == 1
    publish(publisher, b"c")
    assert queue.await_next() is None
    publisher.channel().get(queue, True)
    assert bodies(publisher) == [b"c"]


def test_what_goes_back_to_a_full_queue_makes_it_drop_its_first(world, queue, rules, publisher):
    rules.limit_length(count_max=1, bytes_max=None)
    publish(publisher, b"a")
    publisher.channel().get(queue, False)
    publish(publisher, b"b")
    world.turn()
    publisher.send(nack_frame(1))
    world.turn()
    publisher.channel().get(queue, True)
    assert bodies(publisher) == [b"a", b"b"]


def test_a_queue_that_refuses_offers_what_it_has_first(world, queue, rules, publisher):
    rules.limit_length(count_max=2, bytes_max=None, refusing=True)
    publisher.channel().select_confirm()
    publisher.consume(queue, prefetch=3)
    publish(publisher, *[b"%d" % number for number in range(7)])
    world.turn()
    events = publisher.events()
    assert [event.body for event in events[:3]] == [b"0", b"1", b"2"]
    assert events[3:] == [Answer(1, ACK, 5, True), Answer(1, NACK, 7, True)]
    assert queue.ready_count == 2


def test_a_queue_refuses_by_its_bytes(world, queue, rules, publisher):
    rules.limit_length(count_max=None, bytes_max=5, refusing=True)
    publish(publisher, b"abc", b"def", b"gh")
    world.turn()
    assert (queue.ready_count, queue.ready_bytes) == (2, 5)


def test_a_limit_that_goes_lets_everything_in_again(world, queue, rules, publisher):
    rules.limit_length(count_max=0, bytes_max=None, refusing=True)
    publish(publisher, b"a")
    rules.limit_length(count_max=None, bytes_max=None, refusing=True)
    publish(publisher, b"b", b"c")
    world.turn()
    assert queue.ready_count == 2


def test_a_queue_that_is_purged_in_slices_drops_nothing_meanwhile(world, queue, rules, publisher):
    rules.limit_length(count_max=20_000, bytes_max=None)
    publish(publisher, *[b""] * 20_000)
    world.turn()
    chore = world.shard.purge(queue)
    assert not chore.done
    publish(publisher, *[b""] * 100)
    world.turn()
    assert (chore.count, queue.ready_count) == (20_000, 100)


# What the log has


@pytest.fixture
def kept_world():
    world = World(journal=True)
    world.shard.agenda.set_time(NOW)
    return world


def replayed(log, now, **rules):
    """The first queue's twin in a shard that starts at that time, once it has had its turns."""
    replay = log.replayed()
    replay.shard.agenda.set_time(now)
    (queue,) = [queue for queue in replay.shard.queues if queue is not None]
    replay.claim(queue.identity)
    if rules:
        replay.shard.rulebook.rules_of(queue).limit_age(**rules)
    replay.finish()
    while replay.shard.pending:
        replay.shard.turn()
    return queue


def test_what_has_expired_does_not_come_back(kept_world):
    log = FakeLog(kept_world.shard)
    queue, client = kept_world.kept_queue(b"q"), kept_world.connect()
    client.send(message(b"q", b"a", b"\x11\0\2" + b"\4" + b"1000"))
    client.send(message(b"q", b"b", b"\x10\0\2"))
    at(kept_world, NOW + SECOND)
    log.take()
    assert queue.ready_count == 1
    again = replayed(log, 0)
    assert [position for position, *_ in again.index.entries()] == [1]


def test_what_expires_while_nobody_looks_is_gone_at_the_start(kept_world):
    log = FakeLog(kept_world.shard)
    kept_world.kept_queue(b"q")
    client = kept_world.connect()
    client.send(message(b"q", b"a", b"\x11\0\2" + b"\4" + b"1000"))
    client.send(message(b"q", b"b", b"\x10\0\2"))
    log.take()
    assert replayed(log, NOW + SECOND - 1).ready_count == 2
    assert replayed(log, NOW + SECOND).ready_count == 1
    assert replayed(log, NOW + SECOND, message_ttl=SECOND).ready_count == 0


def test_what_a_queue_has_dropped_does_not_come_back(kept_world):
    log = FakeLog(kept_world.shard)
    queue, client = kept_world.kept_queue(b"q"), kept_world.connect()
    kept_world.shard.rulebook.rules_of(queue).limit_length(count_max=2, bytes_max=None)
    client.send(message(b"q", b"a", b"\x10\0\2") * 5)
    kept_world.turn()
    log.take()
    again = replayed(log, 0)
    assert [position for position, *_ in again.index.entries()] == [3, 4]


# Dead messages


class Yard:
    """Where the dead go: to another queue, in the same batch."""

    def __init__(self, world, *queues):
        self.world = world
        self.queues = queues
        self.taken = []

    def take(self, message, reason):
        self.taken.append((message.body, reason))
        route = Route(self.world.exchange, [queue.number for queue in self.queues])
        self.world.shard.insert(
            route,
            message.exchange,
            message.routing_key,
            properties=message.properties,
            body=message.body,
            arrival=NOW,
            priority=message.priority,
            persistent=True,
            is_dead=True,
        )


@pytest.fixture
def yard(world, rules):
    yard = Yard(world, world.queue(b"dead"))
    rules.bury_with(yard)
    return yard


def test_what_expires_dies(world, queue, rules, publisher, yard):
    rules.limit_age(SECOND)
    publish(publisher, b"a", b"b")
    at(world, NOW + SECOND)
    assert yard.taken == [(b"a", "expired"), (b"b", "expired")]
    assert (queue.ready_count, yard.queues[0].ready_count) == (0, 2)


def test_what_is_too_much_dies(world, queue, rules, publisher, yard):
    rules.limit_length(count_max=1, bytes_max=None)
    publish(publisher, b"a", b"b", b"c")
    world.turn()
    assert yard.taken == [(b"a", "maxlen"), (b"b", "maxlen")]
    assert (queue.ready_count, queue.ready_bytes) == (1, 1)


@pytest.mark.parametrize("frame", [reject_frame, nack_frame])
def test_what_is_rejected_dies_and_what_goes_back_does_not(world, queue, publisher, yard, frame):
    publisher.consume(queue)
    publish(publisher, b"a", b"b", b"c")
    world.turn()
    publisher.send(frame(2, requeue=False))
    publisher.send(ack_frame(1))
    assert yard.taken == [(b"b", "rejected")]
    assert (queue.ready_count, queue.unacked_count) == (0, 1)


def test_a_turn_has_time_for_a_few_and_the_rest_follows(world, queue, publisher, yard):
    publisher.consume(queue)
    publish(publisher, *[b"%d" % number for number in range(100)])
    world.turn()
    publisher.send(nack_frame(0, multiple=True, requeue=False))
    assert (len(yard.taken), queue.ready_count, queue.unacked_count) == (32, 68, 0)
    other = world.connect()
    other.consume(queue)
    world.turn()
    assert [body for body, _ in yard.taken] == [b"%d" % number for number in range(100)]
    assert {reason for _, reason in yard.taken} == {"rejected"}
    assert other.messages() == []


def test_what_has_to_wait_for_its_end_may_be_purged(world, queue, publisher, yard):
    publisher.consume(queue)
    publish(publisher, *[b"%d" % number for number in range(40)])
    world.turn()
    publisher.send(nack_frame(0, multiple=True, requeue=False))
    assert queue.purge() == 8
    world.turn()
    assert len(yard.taken) == 32


def test_a_queue_that_refuses_may_bury_what_it_refuses(world, queue, rules, publisher):
    yard = Yard(world, world.queue(b"dead"))
    rules.bury_with(yard, refused=True)
    rules.limit_length(count_max=1, bytes_max=None, refusing=True)
    other = world.queue(b"q")
    publisher.channel().select_confirm()
    publish(publisher, b"a", b"b")
    world.turn()
    assert yard.taken == [(b"b", "maxlen")]
    assert publisher.events() == [Answer(1, ACK, 1, False), Answer(1, NACK, 2, False)]
    assert (queue.ready_count, other.ready_count) == (1, 2)


def test_a_queue_that_buries_in_itself_ends(world, queue, rules, publisher):
    yard = Yard(world, queue)
    rules.bury_with(yard)
    rules.limit_length(count_max=2, bytes_max=None)
    publish(publisher, b"a", b"b", b"c")
    for _ in range(3):
        world.shard.turn()
    assert queue.ready_count <= 3


def test_a_record_that_is_not_in_memory_is_waited_for(world, queue, rules, publisher, yard):
    store = SlowStore(world.shard)
    rules.limit_age(SECOND)
    publish(publisher, *[b"x" * 200_000] * 20)
    world.turn()
    world.shard.store_down_to(0)
    store.answer_all()
    assert world.shard.records.stored_count > 0
    world.shard.agenda.set_time(NOW + SECOND)
    world.shard.turn()
    assert len(yard.taken) < 20
    drain(store, publisher)
    assert (queue.ready_count, len(yard.taken)) == (0, 20)


def test_what_is_rejected_while_it_is_not_in_memory_dies_when_it_is(world, queue, publisher, yard):
    store = SlowStore(world.shard)
    consumer = publisher.consume(queue, prefetch=20)
    publish(publisher, *[b"x" * 200_000] * 20)
    world.turn()
    publisher.events()
    world.turn()
    publisher.channel().cancel(consumer)
    world.shard.store_down_to(0)
    store.answer_all()
    held = queue.unacked_count
    publisher.send(nack_frame(0, multiple=True, requeue=False))
    assert (queue.unacked_count, len(yard.taken)) == (0, 0)
    drain(store, publisher)
    assert (queue.ready_count, len(yard.taken)) == (20 - held, held)


@pytest.mark.parametrize("more", range(0, 200, 8))
def test_a_dead_message_moves_in_one_batch(kept_world, more):
    """Wherever in the chunk the end of its old place would stand."""
    log = FakeLog(kept_world.shard)
    kept_world.kept_queue(b"filler")
    queue, dead = kept_world.kept_queue(b"q"), kept_world.kept_queue(b"dead")
    client = kept_world.connect()
    kept_world.shard.rulebook.rules_of(queue).bury_with(Yard(kept_world, dead))
    kept_world.shard.rulebook.rules_of(queue).limit_length(count_max=0, bytes_max=None)
    client.send(message(b"filler", bytes(CHUNK_BYTES - 420 + more), b"\x10\0\2"))
    client.send(message(b"q", b"", b"\x10\0\2"))
    kept_world.turn()
    log.take()
    for upto in range(1, len(log.batches) + 1):
        replay = log.replayed(upto=upto)
        (q, d) = (replay.claim(each.identity) for each in (queue, dead))
        assert q.ready_count + d.ready_count == q.index.next_position, "lost, or twice"
    assert (q.ready_count, d.ready_count) == (0, 1)
