"""Whatever rules do with the messages of queues, the log makes the same queues again."""

from hypothesis import given
from hypothesis import strategies as st

from leveret.engine.gaps import say_what_is_gone
from leveret.engine.route import Route
from tests.engine.client import NOW, World, ack_frame, message, nack_frame, reject_frame
from tests.engine.fake_log import FakeLog

publishing = st.tuples(
    st.just("publish"), st.integers(0, 9), st.sampled_from([None, None, None, None, 5, 50])
)
getting = st.tuples(st.just("get"), st.none(), st.none())
settling = st.tuples(st.sampled_from(["ack", "nack", "reject", "drop"]), st.none(), st.none())
steps = st.lists(
    st.one_of(
        *[publishing] * 6,
        *[getting] * 5,
        *[settling] * 4,
        st.tuples(st.just("later"), st.sampled_from([1, 10]), st.none()),
        st.tuples(st.just("limit"), st.sampled_from([None, None, None, 0, 5]), st.none()),
        st.tuples(st.just("age"), st.sampled_from([None, None, 20]), st.none()),
        st.tuples(st.just("turn"), st.none(), st.none()),
        st.tuples(st.sampled_from(["purge", "tell"]), st.none(), st.none()),
    ),
    min_size=10,
    max_size=60,
)


class Yard:
    """Sends what dies to one queue, as a broker would."""

    def __init__(self, world, queue):
        self.world = world
        self.queue = queue

    def take(self, message, reason):
        self.world.shard.insert(
            Route(self.world.exchange, [self.queue.number]),
            b"",
            reason.encode(),
            properties=b"\x10\0\2",
            body=message.body,
            arrival=NOW,
            priority=message.priority,
            persistent=True,
            is_dead=True,
        )


class Actor:
    """A kept queue q with rules, whose dead go to the kept queue d, and a client."""

    def __init__(self):
        self.world = World(journal=True)
        self.now = NOW
        self.world.shard.agenda.set_time(self.now)
        self.log = FakeLog(self.world.shard)
        self.queue = self.world.kept_queue(b"q", everything=True)
        self.dead = self.world.kept_queue(b"d", everything=True)
        self.rules = self.world.shard.rulebook.rules_of(self.queue)
        self.rules.rank(4)
        self.rules.count_deliveries(2)
        self.rules.bury_with(Yard(self.world, self.dead))
        self.client = self.world.connect()
        self.held = []
        self.published = 0

    def do(self, step, number, other):
        if step == "publish":
            self.published += 1
            expiration = b"" if other is None else bytes((len(b"%d" % other),)) + b"%d" % other
            flags = b"\x19\0" if expiration else b"\x18\0"
            properties = flags + b"\2" + bytes((number,)) + expiration
            self.client.send(message(b"q", b"%04d" % self.published, properties))
        elif step == "later":
            self.now += number
            self.world.shard.agenda.set_time(self.now)
        elif step == "get":
            if self.queue.await_next() is None and self.client.channel().get(self.queue, False):
                self.held.append(self.client.channel().unacked.last_tag)
        elif step == "limit":
            self.rules.limit_length(count_max=number, bytes_max=None)
        elif step == "age":
            self.rules.limit_age(number)
        elif step == "turn":
            self.world.turn()
        elif step == "purge":
            self.world.shard.purge(self.queue)
        elif step == "tell":
            self.tell()
        elif self.held:
            tag = self.held.pop(0)
            frames = {
                "ack": ack_frame(tag),
                "nack": nack_frame(tag),
                "reject": reject_frame(tag),
                "drop": reject_frame(tag, requeue=False),
            }
            self.client.send(frames[step])

    def tell(self):
        """What a log would forget otherwise is told once more."""
        shard = self.world.shard
        shard.chores.begin(say_what_is_gone(shard.queues, shard.journal))
        self.world.turn()

    def kept(self):
        return [shown(self.world.shard, queue) for queue in (self.queue, self.dead)]

    def replayed(self):
        replay = self.log.replayed()
        return [
            shown(replay.shard, replay.claim(each.identity)) for each in (self.queue, self.dead)
        ]


def shown(shard, queue):
    """Position and record of all that is in a queue, and its counts."""
    found = []
    for index in every(queue):
        for position, _, location in index.entries():
            buffer = shard.records.chunks[location >> 24].buffer
            at = location & 0xFFFFFF
            length = int.from_bytes(buffer.bytes_at(at, 4), "big")
            found.append((position, buffer.bytes_at(at + 8, length - 8)))
    return sorted(found), dict(queue.rules.counts) if queue.rules else {}


def every(queue):
    return [queue.index] if queue.levels is None else queue.levels.every()


@given(steps)
def test_a_replay_has_what_the_queues_have(script):
    actor = Actor()
    for step in script:
        actor.do(*step)
    actor.world.turn()
    actor.log.take()
    assert actor.replayed() == actor.kept()


@given(steps)
def test_in_each_batch_of_the_log_a_message_is_in_one_queue_at_the_most(script):
    actor = Actor()
    for step in script:
        actor.do(*step)
        actor.log.take()
    for upto in range(len(actor.log.batches) + 1):
        replay = actor.log.replayed(upto=upto)
        bodies = []
        for each in (actor.queue, actor.dead):
            entries, _ = shown(replay.shard, replay.claim(each.identity))
            bodies += [record.rstrip(b"\0")[-4:] for _, record in entries]
        assert len(bodies) == len({*bodies})


def test_what_is_told_once_more_has_the_counts_and_each_level_by_itself():
    actor = Actor()
    for priority in (0, 2, 4):
        actor.do("publish", priority, None)
        actor.do("publish", priority, None)
    for step in ("get", "get", "ack", "nack"):
        actor.do(step, None, None)
    actor.log.take()
    before = len(actor.log.batches)
    actor.tell()
    actor.log.take()
    (_, told), *_ = [each[:2] for each in actor.log.batches[before:]]
    kinds = records_in(told)
    assert kinds == [2, 6]  # one run of what is gone, of the level where something is; one count
    assert actor.replayed() == actor.kept()


def records_in(batch):
    kinds, at = [], 48
    while at < len(batch):
        kinds.append(batch[at + 4])
        at += int.from_bytes(batch[at : at + 4], "big")
    return kinds
