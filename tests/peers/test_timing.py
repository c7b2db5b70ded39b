"""Deadlines, heartbeats and silence, as numbers."""

import pytest

from leveret.peers.timing import Timing


def running(*, heartbeat_ms, tick=0):
    timing = Timing(10_000)
    timing.heard(tick)
    timing.spoke(tick)
    timing.limit = None
    timing.heartbeat_ms = heartbeat_ms
    return timing


def test_a_limit_is_the_deadline_until_it_has_come():
    timing = Timing(10_000)
    timing.heard(9_999)
    assert (timing.deadline(), timing.is_over()) == (10_000, False)
    timing.tick = 10_000
    assert timing.is_over()


def test_without_limit_and_heartbeat_there_is_no_deadline():
    timing = running(heartbeat_ms=0)
    timing.tick = 10**9
    assert (timing.deadline(), timing.is_over(), timing.owes_heartbeat()) == (None, False, False)


def test_a_heartbeat_is_owed_after_half_of_it():
    timing = running(heartbeat_ms=60_000)
    assert timing.deadline() == 30_000
    timing.tick = 29_999
    assert not timing.owes_heartbeat()
    timing.tick = 30_000
    assert timing.owes_heartbeat()


def test_whatever_is_sent_puts_the_heartbeat_off():
    timing = running(heartbeat_ms=60_000)
    timing.spoke(20_000)
    assert timing.deadline() == 50_000


def test_it_is_over_after_two_heartbeats_of_silence():
    timing = running(heartbeat_ms=60_000)
    timing.spoke(119_999)
    assert (timing.deadline(), timing.is_over()) == (120_000, False)
    timing.tick = 120_000
    assert timing.is_over()


def test_whatever_is_heard_ends_the_silence():
    timing = running(heartbeat_ms=60_000)
    timing.heard(100_000)
    timing.spoke(219_999)
    assert timing.deadline() == 220_000


def test_silence_does_not_count_while_nothing_is_read():
    timing = running(heartbeat_ms=60_000)
    timing.paused = True
    timing.spoke(500_000)
    assert (timing.deadline(), timing.is_over()) == (530_000, False)


def test_the_nearer_of_limit_and_heartbeat_is_the_deadline():
    timing = running(heartbeat_ms=60_000)
    timing.limit = 10_000
    assert timing.deadline() == 10_000
    timing.limit = 40_000
    assert timing.deadline() == 30_000


@pytest.mark.parametrize("heartbeat_ms", [0, 60_000])
def test_a_new_limit_is_all_that_counts(heartbeat_ms):
    timing = running(heartbeat_ms=heartbeat_ms, tick=1_000)
    timing.limit_to(200_000)
    assert timing.deadline() == 201_000
    timing.tick = 200_999
    assert (timing.is_over(), timing.owes_heartbeat()) == (False, False)
