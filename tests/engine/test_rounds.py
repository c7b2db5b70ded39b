"""Whose turn it is: rounds of consumers, one for each priority."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leveret.engine.buffer import COMPILED
from leveret.engine.consumer import Consumer
from leveret.engine.errors import InvariantError
from leveret.engine.memory import Memory
from leveret.engine.output import Output, Outputs
from leveret.engine.rounds import Rounds

COMMANDS = st.sampled_from(["join", "serve", "aside", "back", "leave"])


def consumer(priority: int = 0) -> Consumer:
    return Consumer(Output(None, Outputs(Memory())), 0, True, priority)


def joined(rounds: Rounds, *priorities: int) -> list[Consumer]:
    consumers = [consumer(priority) for priority in priorities]
    for each in consumers:
        rounds.join(each)
    return consumers


def serve(rounds: Rounds) -> Consumer | None:
    served = rounds.whose_turn()
    if served is not None:
        rounds.pass_turn()
    return served


def part(rounds: Rounds, gone: Consumer) -> None:
    rounds.step_out(gone)
    rounds.leave(gone)


def test_nobody_has_the_turn_where_nobody_is():
    assert Rounds().whose_turn() is None


def test_turns_go_round():
    rounds = Rounds()
    a, b, c = joined(rounds, 0, 0, 0)
    assert [serve(rounds) for _ in range(7)] == [a, b, c, a, b, c, a]


def test_who_comes_or_comes_back_is_last():
    rounds = Rounds()
    a, b = joined(rounds, 0, 0)
    assert serve(rounds) is a
    (c,) = joined(rounds, 0)
    rounds.step_out(a)
    rounds.enter(a)
    assert [serve(rounds) for _ in range(4)] == [b, c, a, b]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_who_steps_out_leaves_its_turn_to_the_next(index):
    rounds = Rounds()
    consumers = joined(rounds, 0, 0, 0)
    for _ in range(index):
        serve(rounds)
    part(rounds, consumers.pop(index))
    assert serve(rounds) is consumers[index % 2]


def test_the_highest_priority_that_is_there_has_the_turns():
    rounds = Rounds()
    low, high, middle, other = joined(rounds, -5, 9, 3, 9)
    assert [serve(rounds) for _ in range(3)] == [high, other, high]
    for expected in (high, other, middle, low):
        while rounds.whose_turn() is not expected:
            serve(rounds)
        rounds.step_out(expected)
    assert rounds.whose_turn() is None
    rounds.enter(middle)
    assert serve(rounds) is middle
    rounds.enter(high)
    assert serve(rounds) is high


def test_who_leaves_must_have_come():
    with pytest.raises(InvariantError):
        Rounds().leave(consumer())


def test_rounds_that_end_leave_nothing_behind():
    """While one consumer of a high priority stays, others of ever new priorities come and go."""
    rounds = Rounds()
    (stays,) = joined(rounds, 1_000_000)
    for priority in range(1_000):
        part(rounds, *joined(rounds, priority))
    if not COMPILED:
        assert len(rounds.heap) < 100
        assert len(rounds.by_priority) == 1
    assert serve(rounds) is stays


def test_after_clear_nobody_is_there():
    rounds = Rounds()
    a, *_ = joined(rounds, 0, 7, 0, 3)
    rounds.clear()
    assert rounds.whose_turn() is None
    rounds.join(a)
    assert serve(rounds) is a


@given(st.lists(st.tuples(COMMANDS, st.integers(0, 9), st.integers(-2, 2))))
def test_turns_are_as_in_a_model_of_lists(commands):
    """A list for each priority, and the consumer whose turn is next in it."""
    rounds, model = Rounds(), Model()
    for command, index, priority in commands:
        if command == "join":
            rounds.join(model.join(consumer(priority)))
        elif command == "serve":
            assert serve(rounds) is model.serve()
        elif command == "aside" and model.standing:
            rounds.step_out(model.step_out(index))
        elif command == "back" and model.aside:
            rounds.enter(model.back(index))
        elif command == "leave" and model.standing:
            part(rounds, model.step_out(index, back=False))
        elif command == "leave" and model.aside:
            rounds.leave(model.aside.pop(index % len(model.aside)))
    while (served := model.serve()) is not None:
        assert serve(rounds) is served
        model.standing.remove(served)
        part(rounds, served)
    assert rounds.whose_turn() is None


class Model:
    def __init__(self) -> None:
        self.standing: list[Consumer] = []  # in the order they came
        self.aside: list[Consumer] = []
        self.served: dict[int, list[Consumer]] = {}  # by priority, who has had its turn this time

    def join(self, consumer: Consumer) -> Consumer:
        self.standing.append(consumer)
        return consumer

    def serve(self) -> Consumer | None:
        if not self.standing:
            return None
        top = max(each.priority for each in self.standing)
        members = [each for each in self.standing if each.priority == top]
        served = self.served.setdefault(top, [])
        if all(each in served for each in members):
            served.clear()
        chosen = next(each for each in members if each not in served)
        served.append(chosen)
        return chosen

    def step_out(self, index: int, *, back: bool = True) -> Consumer:
        consumer = self.standing.pop(index % len(self.standing))
        if consumer in self.served.get(consumer.priority, ()):
            self.served[consumer.priority].remove(consumer)
        if back:
            self.aside.append(consumer)
        return consumer

    def back(self, index: int) -> Consumer:
        self.standing.append(self.aside.pop(index % len(self.aside)))
        return self.standing[-1]


@pytest.mark.skipif(COMPILED, reason="calls of compiled functions cannot be counted")
@pytest.mark.parametrize("priorities", [1, 2_000])
def test_coming_and_going_cost_the_same_among_many(priorities):
    assert calls_to_come_and_go(2_000, priorities) <= calls_to_come_and_go(2, priorities) < 30


def calls_to_come_and_go(count: int, priorities: int) -> int:
    """The most function calls that one of `count` consumers costs to go, come back, be served."""
    rounds, most = Rounds(), 0
    consumers = joined(rounds, *(number % priorities for number in range(count)))
    for each in consumers:
        calls = 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count_call)
        rounds.step_out(each)
        rounds.enter(each)
        rounds.whose_turn()
        sys.setprofile(None)
        most = max(most, calls)
    return most
