"""What tests/log/test_contract.py does not say: two owners of one store."""

from __future__ import annotations

import pytest

from leveret.engine.errors import InvariantError
from leveret.log.batch import BatchBuffer
from leveret.log.memory import MemoryLog, MemoryStore
from leveret.log.port import Kind, Token
from tests.log.world import Owner, Promises


def test_a_later_owner_fences_the_earlier() -> None:
    store, batch = MemoryStore(), BatchBuffer(10)
    batch.add(b"record")
    owners = [Owner(Promises()), Owner(Promises())]
    first, second = (MemoryLog(store, owner) for owner in owners)
    old = first.claim(1, 1)
    first.poll(0)
    new = second.claim(2, 2)
    second.poll(0)
    first.append(old, batch.buffer, 0, batch.length, 1)
    first.poll(0)
    assert (owners[0].events, first.ready) == (["fenced"], False)
    number = second.append(new, batch.buffer, 0, batch.length, 1)
    second.poll(0)
    assert owners[1].durable == number
    assert [store.batches[each].kind for each in (1, 2, 3)] == [
        Kind.CLAIM,
        Kind.CLAIM,
        Kind.RECORDS,
    ]


def test_who_was_fenced_leaves_no_seal_at_its_stop() -> None:
    store = MemoryStore()
    owners = [Owner(Promises()), Owner(Promises())]
    first, second = (MemoryLog(store, owner) for owner in owners)
    first.claim(1, 1)
    second.claim(2, 2)
    for log in (first, second):
        log.poll(0)
        log.stop()
        log.stop()
        log.poll(0)
    assert [owner.events for owner in owners] == [["stopped"], ["stopped"]]
    assert [batch.kind for batch in store.batches.values()] == [Kind.CLAIM, Kind.CLAIM, Kind.SEAL]


def test_a_log_that_is_not_claimed_is_not_appended_to() -> None:
    batch = BatchBuffer(10)
    log = MemoryLog(MemoryStore(), Owner(Promises()))
    with pytest.raises(InvariantError):
        log.append(Token(1, 1), batch.buffer, 0, 0, 0)
