"""Each thing that a broker can do wrong is found."""

from collections.abc import Iterable

import pytest

from tests.crash.complaints import complaints
from tests.crash.ledger import Copy, Found, Ledger, Presence, Transaction, confirm, go, leave


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    ledger.add_queue("queue")
    ledger.there["queue"] = Presence.MUST
    return ledger


def add(ledger: Ledger, count: int) -> list[Copy]:
    return [
        copy
        for _ in range(count)
        for copy in ledger.publish(["queue"], ledger.new_key("one"), b"body", is_persistent=True)
    ]


def found(copies: Iterable[Copy], *, redelivered: bool = True) -> dict[str, list[Found]]:
    return {"queue": [Found(copy.key, copy.body, redelivered) for copy in copies]}


def complain(ledger: Ledger, has: dict[str, list[Found]], *, was_clean: bool = False) -> str:
    return "\n".join(complaints(ledger, has, was_clean=was_clean))


def test_nothing_is_wrong_where_all_is_there(ledger: Ledger) -> None:
    copies = add(ledger, 3)
    confirm(copies)
    assert complain(ledger, found(copies)) == ""


def test_a_confirmed_message_is_lost(ledger: Ledger) -> None:
    copies = add(ledger, 2)
    confirm(copies)
    assert "one/2 is lost" in complain(ledger, found(copies[:1]))


def test_a_message_is_there_that_was_gone(ledger: Ledger) -> None:
    copies = add(ledger, 2)
    go(copies[:1])
    assert "one/1 must not be there" in complain(ledger, found(copies))


def test_a_message_is_there_that_was_gone_at_an_earlier_start(ledger: Ledger) -> None:
    copies = add(ledger, 1)
    ledger.recovered({"queue": []})
    assert "one/1 was not published there" in complain(ledger, found(copies))


def test_a_message_is_there_twice(ledger: Ledger) -> None:
    copies = add(ledger, 1)
    assert "one/1 is there 2 times" in complain(ledger, found(copies * 2))


def test_messages_are_in_another_order(ledger: Ledger) -> None:
    copies = add(ledger, 2)
    assert "one/1 comes behind number 2" in complain(ledger, found(reversed(copies)))


def test_a_body_is_another(ledger: Ledger) -> None:
    (copy,) = add(ledger, 1)
    has = {"queue": [Found(copy.key, b"other", True)]}
    assert "one/1 has another body" in complain(ledger, has)


def test_a_message_is_not_flagged_after_a_crash(ledger: Ledger) -> None:
    copies = add(ledger, 1)
    assert "redelivered=False" in complain(ledger, found(copies, redelivered=False))


def test_a_message_is_flagged_that_was_not_delivered(ledger: Ledger) -> None:
    copies = add(ledger, 1)
    assert "redelivered=True" in complain(ledger, found(copies), was_clean=True)


def test_a_queue_is_lost(ledger: Ledger) -> None:
    assert complain(ledger, {}) == "queue is lost"


def test_a_queue_is_there_that_was_deleted(ledger: Ledger) -> None:
    ledger.there["queue"] = Presence.NEVER
    assert "queue was deleted" in complain(ledger, found([]))


@pytest.mark.parametrize("published", [True, False])
@pytest.mark.parametrize("settled", [True, False])
def test_a_transaction_is_done_or_not(ledger: Ledger, published: bool, settled: bool) -> None:
    old, new = add(ledger, 2)
    confirm([old])
    leave([old])
    ledger.transactions.append(Transaction([new], [old]))
    has = found([copy for copy, there in ((old, not settled), (new, published)) if there])
    expected = "" if published == settled else "1 of the 2 parts of a transaction were done"
    assert complain(ledger, has) == expected
