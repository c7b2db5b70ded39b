from types import SimpleNamespace

from leveret.engine.agenda import Agenda, Appointment
from leveret.server.agenda_alarm import AgendaAlarm
from leveret.server.timers import NEVER, Timers


def alarm(agenda: Agenda) -> tuple[AgendaAlarm, SimpleNamespace]:
    turn = SimpleNamespace(tick=100, now=5000, timers=Timers())
    return AgendaAlarm(turn, agenda), turn  # type: ignore[arg-type]  # all it knows of a turn


def test_what_is_due_at_a_date_is_due_at_a_tick() -> None:
    agenda = Agenda()
    one, turn = alarm(agenda)
    one.arm()
    assert turn.timers.next_tick == NEVER
    agenda.arrange(Appointment(lambda: None), 5030)
    one.arm()
    assert turn.timers.next_tick == 130


def test_what_was_due_before_is_due_now() -> None:
    agenda = Agenda()
    agenda.arrange(Appointment(lambda: None), 10)
    one, turn = alarm(agenda)
    one.arm()
    assert turn.timers.next_tick == 100
    assert turn.timers.take_due(100, count_max=1) == [one]


def test_a_date_that_moved_away_is_asked_for_again() -> None:
    agenda = Agenda()
    agenda.arrange(Appointment(lambda: None), 5030)
    one, turn = alarm(agenda)
    one.arm()
    turn.tick, turn.now = 130, 5029  # the date was slewed
    assert turn.timers.take_due(130, count_max=1) == []
    assert turn.timers.next_tick == 131
