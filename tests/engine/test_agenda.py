from hypothesis import given
from hypothesis import strategies as st

from leveret.engine.agenda import Agenda, Appointment

NEVER = 1 << 63


class Owner:
    """Has an appointment, and counts how often it was kept."""

    def __init__(self) -> None:
        self.calls = 0
        self.appointment = Appointment(self.call)

    def call(self) -> None:
        self.calls += 1


def at(agenda, now):
    agenda.now = now
    while agenda.is_due():
        agenda.call_due()


def test_what_is_due_is_called_once():
    agenda, owner = Agenda(), Owner()
    agenda.arrange(owner.appointment, 10)
    assert agenda.next_due == 10
    at(agenda, 9)
    assert owner.calls == 0
    at(agenda, 10)
    at(agenda, 11)
    assert (owner.calls, agenda.next_due, owner.appointment.due) == (1, NEVER, NEVER)


def test_only_an_earlier_time_changes_anything():
    agenda, owner = Agenda(), Owner()
    for due in (10, 20, 5):
        agenda.arrange(owner.appointment, due)
    at(agenda, 5)
    assert owner.calls == 1
    at(agenda, 30)
    assert owner.calls == 1


def test_what_is_cancelled_is_not_called_and_can_be_arranged_again():
    agenda, owner = Agenda(), Owner()
    agenda.arrange(owner.appointment, 10)
    agenda.cancel(owner.appointment)
    agenda.cancel(owner.appointment)
    agenda.arrange(owner.appointment, 20)
    at(agenda, 19)
    assert owner.calls == 0
    at(agenda, 20)
    assert owner.calls == 1


def test_one_turn_has_no_time_for_more_than_a_thousand():
    agenda, owners = Agenda(), [Owner() for _ in range(1025)]
    for owner in owners:
        agenda.arrange(owner.appointment, 10)
    agenda.now = 10
    agenda.call_due()
    assert (sum(owner.calls for owner in owners), agenda.is_due()) == (1024, True)
    agenda.call_due()
    assert (sum(owner.calls for owner in owners), agenda.is_due()) == (1025, False)


def test_cancelled_appointments_do_not_pile_up():
    agenda, gone = Agenda(), []
    for number in range(5000):
        owner = Owner()
        agenda.arrange(owner.appointment, 1_000_000 + number)
        agenda.cancel(owner.appointment)
        gone.append(owner)
    agenda.now = 2_000_000
    turns = 0
    while agenda.is_due():
        agenda.call_due()
        turns += 1
    assert turns <= 2  # stale entries cost a turn nothing
    assert not any(owner.calls for owner in gone)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=40))
def test_each_is_called_at_the_earliest_time_that_was_arranged(arranged):
    agenda, owners = Agenda(), [Owner() for _ in range(6)]
    wanted: dict[int, int] = {}
    for number, due in arranged:
        agenda.arrange(owners[number].appointment, due)
        wanted[number] = min(due, wanted.get(number, NEVER))
    for now in range(32):
        at(agenda, now)
        called = {number for number, owner in enumerate(owners) if owner.calls}
        assert called == {number for number, due in wanted.items() if due <= now}
