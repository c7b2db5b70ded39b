"""What a publisher is told: one answer for each run with the same fate, up to what still waits."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from leveret.engine.amqp091.confirms import Confirms
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory
from leveret.engine.output import Output, Outputs
from leveret.wire.amqp091.frames import FrameParser
from tests.engine.client import ACK, NACK, events_of

Told = tuple[int, int, bool]


def written(confirms: Confirms) -> bytes:
    output = Output(None, Outputs(Memory()))
    confirms.write(output)
    return bytes(output.pending())


def told(confirms: Confirms) -> list[Told]:
    """The answers of one turn: method, delivery tag, multiple."""
    frames = FrameParser(frame_max=4096).receive(written(confirms))
    return [(event.method, event.delivery_tag, event.multiple) for event in events_of(frames)]


def confirms_of(states: str) -> Confirms:
    """One message each: s settled, r refused, a digit waits for the batch of that number."""
    confirms = Confirms(1)
    for number, state in enumerate(states, 1):
        assert publish(confirms, state) == number
    return confirms


def publish(confirms: Confirms, state: str) -> int:
    if state == "s":
        return confirms.settled()
    return confirms.refused() if state == "r" else confirms.waits(int(state))


def test_a_confirm_has_these_bytes():
    confirms = Confirms(0x0102)
    confirms.settled()
    assert written(confirms).hex(" ") == (
        "01 01 02 00 00 00 0d 00 3c 00 50 00 00 00 00 00 00 00 01 00 ce"
    )


def test_a_refusal_has_these_bytes():
    confirms = Confirms(0xFFFF)
    confirms.settled()
    told(confirms)
    confirms.refused()
    assert written(confirms).hex(" ") == (
        "01 ff ff 00 00 00 0d 00 3c 00 78 00 00 00 00 00 00 00 02 00 ce"
    )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("", []),
        ("s", [(ACK, 1, False)]),
        ("ssss", [(ACK, 4, True)]),
        ("r", [(NACK, 1, False)]),
        ("rrr", [(NACK, 3, True)]),
        ("ssr", [(ACK, 2, True), (NACK, 3, False)]),
        ("rss", [(NACK, 1, False), (ACK, 3, True)]),
        ("srsrr", [(ACK, 1, False), (NACK, 2, False), (ACK, 3, False), (NACK, 5, True)]),
        ("1", []),
        ("11", []),
        ("1s", []),
        ("1r", []),
        ("ss1ss", [(ACK, 2, True)]),
        ("sr1r", [(ACK, 1, False), (NACK, 2, False)]),
    ],
)
def test_a_turn_tells_all_that_is_known_and_nothing_twice(states, expected):
    confirms = confirms_of(states)
    assert told(confirms) == expected
    assert told(confirms) == []


@pytest.mark.parametrize(
    ("states", "batch", "expected"),
    [
        ("111", 1, [(ACK, 3, True)]),
        ("112", 1, [(ACK, 2, True)]),
        ("112s", 2, [(ACK, 4, True)]),
        ("1s2", 1, [(ACK, 1, False)]),
        ("1r1s", 1, [(ACK, 1, False), (NACK, 2, False), (ACK, 4, True)]),
        ("7", 6, []),
        ("123456789", 8, [(ACK, 8, True)]),
    ],
)
def test_a_durable_batch_is_told_up_to_its_last_message(states, batch, expected):
    confirms = confirms_of(states)
    told(confirms)
    assert confirms.durable(batch) is bool(expected)
    assert told(confirms) == expected
    assert told(confirms) == []


def test_what_comes_behind_the_last_waiting_message_is_told_when_nothing_waits():
    confirms = confirms_of("1srs")
    confirms.durable(1)
    assert told(confirms) == [(ACK, 2, True), (NACK, 3, False), (ACK, 4, False)]
    assert confirms.mark_count == 0


def test_batches_out_of_order_are_a_bug():
    confirms = confirms_of("5")
    with pytest.raises(InvariantError):
        confirms.waits(4)


def test_a_batch_has_one_mark_however_many_wait():
    confirms = confirms_of("1" * 500 + "2" * 500)
    assert confirms.mark_count == 2


@pytest.mark.parametrize("count", [1023, 2047, 2048, 2049, 5000])
def test_a_refused_message_behind_any_number_of_settled_ones_is_told_apart(count):
    confirms = confirms_of("s" * count + "rs")
    assert told(confirms) == [(ACK, count, True), (NACK, count + 1, False), (ACK, count + 2, False)]


class Publisher(RuleBasedStateMachine):
    """What the publisher of any messages concludes, against what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.confirms = Confirms(1)
        self.fates: list[str] = []  # of each message: s, r, or w
        self.batches: list[int] = []  # of each message: what it waits for, 0 for nothing
        self.batch = 1
        self.durable = 0
        self.told = 0

    @rule(states=st.text("srw", min_size=1, max_size=9), times=st.integers(1, 200))
    def publish(self, states: str, times: int) -> None:
        for state in states * times:
            sequence = publish(self.confirms, str(self.batch) if state == "w" else state)
            self.fates.append(state)
            self.batches.append(self.batch if state == "w" else 0)
            assert sequence == len(self.fates)

    @rule()
    def next_batch(self) -> None:
        self.batch += 1

    @rule(data=st.data())
    def become_durable(self, data: st.DataObject) -> None:
        self.durable = data.draw(st.integers(self.durable, self.batch))
        self.confirms.durable(self.durable)
        self.batch = max(self.batch, self.durable + 1)

    @rule()
    def turn(self) -> None:
        for method, tag, multiple in told(self.confirms):
            assert tag > self.told, "the tag itself is not news"
            first = self.told + 1 if multiple else tag
            assert first == self.told + 1, "answers leave nobody out"
            expected = "r" if method == NACK else "sw"
            assert all(fate in expected for fate in self.fates[first - 1 : tag])
            assert all(batch <= self.durable for batch in self.batches[:tag])
            self.told = tag

    @invariant()
    def counts_are_true(self) -> None:
        assert self.confirms.published == len(self.fates)
        assert self.confirms.told == self.told or self.confirms.told == 0

    def teardown(self) -> None:
        self.confirms.durable(self.batch)
        self.durable = self.batch
        self.turn()
        assert self.told == len(self.fates)


TestPublisher: Any = Publisher.TestCase
TestPublisher.settings = settings(max_examples=settings().max_examples // 4, stateful_step_count=20)
