"""What a deletion leaves, taken out one thing after the other."""

from leveret.broker.sweep import WEIGHT, Sweep, sweep
from leveret.engine.chores import Chores


def test_a_step_counts_as_much_as_it_costs():
    taken = []
    steps = Sweep(taken.append(number) for number in range(10))
    assert steps.work(3 * WEIGHT) == 3 * WEIGHT
    assert taken == [0, 1, 2]
    assert steps.work(100 * WEIGHT) == 7 * WEIGHT
    assert steps.work(WEIGHT) == 0
    assert len(taken) == 10


def test_a_sweep_gets_on_however_little_it_may_do():
    taken = []
    steps = Sweep(taken.append(number) for number in range(2))
    assert [steps.work(1) for _ in range(3)] == [1, 1, 0]
    assert len(taken) == 2


def test_a_sweep_is_a_chore():
    chore = sweep(iter([None] * 3))
    assert Chores().begin(chore)
    assert chore.done
