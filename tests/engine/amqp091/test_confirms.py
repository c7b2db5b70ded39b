"""What a publisher is told: `multiple` for the unbroken settled prefix, and one each beyond."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leveret.engine.amqp091.confirms import Confirms
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory
from leveret.engine.output import Output, Outputs
from leveret.wire.amqp091.frames import FrameParser
from tests.engine.client import ACK, NACK, events_of

SETTLED, WAITING, REFUSED = 0, 1, 2
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
    """One message each: s settled, w waiting, r refused."""
    confirms = Confirms(1)
    for number, state in enumerate(states, 1):
        if state == "s":
            assert confirms.settled() == number
        else:
            assert confirms.exceptional(WAITING if state == "w" else REFUSED) == number
    return confirms


def test_a_confirm_has_these_bytes():
    confirms = Confirms(0x0102)
    confirms.settled()
    assert written(confirms).hex(" ") == (
        "01 01 02 00 00 00 0d 00 3c 00 50 00 00 00 00 00 00 00 01 00 ce"
    )


def test_a_refusal_has_these_bytes():
    confirms = Confirms(0xFFFF)
    confirms.exceptional(WAITING)
    confirms.exceptional(REFUSED)
    assert written(confirms).hex(" ") == (
        "01 ff ff 00 00 00 0d 00 3c 00 78 00 00 00 00 00 00 00 02 00 ce"
    )


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ("", []),
        ("s", [(ACK, 1, False)]),
        ("ssss", [(ACK, 4, True)]),
        ("w", []),
        ("ww", []),
        ("r", [(NACK, 1, False)]),
        ("rrr", [(NACK, 3, True)]),
        ("ssr", [(ACK, 2, True), (NACK, 3, False)]),
        ("rss", [(NACK, 1, False), (ACK, 3, True)]),
        ("srsrr", [(ACK, 1, False), (NACK, 2, False), (ACK, 3, False), (NACK, 5, True)]),
        ("sswss", [(ACK, 2, True), (ACK, 4, False), (ACK, 5, False)]),
        ("wsrw", [(ACK, 2, False), (NACK, 3, False)]),
        ("srwr", [(ACK, 1, False), (NACK, 2, False), (NACK, 4, False)]),
    ],
)
def test_a_turn_tells_all_that_is_known_and_nothing_twice(states, expected):
    confirms = confirms_of(states)
    assert told(confirms) == expected
    assert told(confirms) == []


def test_the_message_that_was_waited_for_joins_what_had_been_told_behind_it():
    confirms = confirms_of("wssw")
    assert told(confirms) == [(ACK, 2, False), (ACK, 3, False)]
    confirms.answer(1, SETTLED)
    assert told(confirms) == [(ACK, 1, False)]
    assert (confirms.told, confirms.published) == (3, 4)
    confirms.answer(4, REFUSED)
    assert told(confirms) == [(NACK, 4, False)]


def test_multiple_is_back_when_nothing_waits_any_more():
    confirms = confirms_of("swrs")
    told(confirms)
    confirms.answer(2, SETTLED)
    told(confirms)
    for _ in range(3):
        confirms.settled()
    assert told(confirms) == [(ACK, 7, True)]


@pytest.mark.parametrize("sequence", [0, 1, 3, 4, 99])
def test_an_answer_that_nobody_waits_for_is_a_bug(sequence):
    confirms = confirms_of("swrs")
    told(confirms)
    with pytest.raises(InvariantError):
        confirms.answer(sequence, SETTLED)


@pytest.mark.parametrize("count", [1023, 2047, 2048, 2049, 5000])
@pytest.mark.parametrize("state", ["w", "r"])
def test_an_exception_behind_any_number_of_settled_ones_is_told_apart(count, state):
    confirms = confirms_of("s" * count + state + "s")
    answers = told(confirms)
    assert answers[0] == (ACK, count, True)
    if state == "w":
        assert answers[1:] == [(ACK, count + 2, False)]
    else:
        assert answers[1:] == [(NACK, count + 1, False), (ACK, count + 2, False)]


class Publisher(RuleBasedStateMachine):
    """What the publisher of any messages concludes, against what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.confirms = Confirms(1)
        self.states: dict[int, int] = {}  # by sequence: what became of the message
        self.outstanding: dict[int, None] = {}  # what the publisher has not been told of
        self.concluded: dict[int, int] = {}

    def waiting(self) -> list[int]:
        return [sequence for sequence, state in self.states.items() if state == WAITING]

    @rule(states=st.lists(st.sampled_from([SETTLED, WAITING, REFUSED]), min_size=1, max_size=9))
    def publish(self, states: list[int]) -> None:
        for state in states:
            self.publish_one(state)

    @rule(count=st.integers(1, 1500))
    def publish_settled(self, count: int) -> None:
        for _ in range(count):
            self.publish_one(SETTLED)

    def publish_one(self, state: int) -> None:
        if state == SETTLED:
            sequence = self.confirms.settled()
        else:
            sequence = self.confirms.exceptional(state)
        assert sequence == len(self.states) + 1
        self.states[sequence] = state
        self.outstanding[sequence] = None

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), state=st.sampled_from([SETTLED, REFUSED]))
    def answer(self, data: st.DataObject, state: int) -> None:
        sequence = data.draw(st.sampled_from(self.waiting()))
        self.confirms.answer(sequence, state)
        self.states[sequence] = state

    @rule()
    def turn(self) -> None:
        for method, tag, multiple in told(self.confirms):
            self.conclude(method, tag, multiple)
        waiting = self.waiting()
        assert list(self.outstanding) == waiting, "what is known is told in the same turn"
        first_unknown = waiting[0] if waiting else len(self.states) + 1
        assert self.confirms.told == first_unknown - 1

    def conclude(self, method: int, tag: int, multiple: bool) -> None:
        if multiple:
            covered = [sequence for sequence in self.outstanding if sequence <= tag]
            assert WAITING not in (self.states[sequence] for sequence in range(1, tag + 1))
        else:
            covered = [tag]
        assert tag in covered, "the tag itself is not news"
        for sequence in covered:
            del self.outstanding[sequence]
            self.concluded[sequence] = SETTLED if method == ACK else REFUSED

    @invariant()
    def what_was_concluded_is_true(self) -> None:
        assert all(self.states[sequence] == state for sequence, state in self.concluded.items())
        assert self.confirms.published == len(self.states)

    def teardown(self) -> None:
        for sequence in self.waiting():
            self.confirms.answer(sequence, SETTLED)
            self.states[sequence] = SETTLED
        self.turn()
        self.what_was_concluded_is_true()
        assert not self.outstanding


TestPublisher: Any = Publisher.TestCase
TestPublisher.settings = settings(max_examples=settings().max_examples // 4, stateful_step_count=20)
