import pytest

from tests.crash.ledger import Copy, Found, Ledger, Presence, confirm, go, leave, stay


@pytest.fixture
def copy() -> Copy:
    return Copy("queue", "publisher", 1, b"body", is_persistent=True)


def test_what_is_not_confirmed_may_be_there(copy: Copy) -> None:
    assert copy.presence is Presence.MAY


def test_what_is_confirmed_must_be_there(copy: Copy) -> None:
    confirm([copy])
    assert copy.presence is Presence.MUST


def test_what_is_settled_may_be_there_until_that_is_answered(copy: Copy) -> None:
    confirm([copy])
    leave([copy])
    assert copy.presence is Presence.MAY
    go([copy])
    assert copy.presence is Presence.NEVER


def test_what_was_given_back_must_be_there(copy: Copy) -> None:
    confirm([copy])
    leave([copy])
    stay(copy)
    assert copy.presence is Presence.MUST


def test_what_is_not_persistent_is_never_there() -> None:
    copy = Copy("queue", "publisher", 1, b"body", is_persistent=False)
    confirm([copy])
    assert copy.presence is Presence.NEVER


def test_what_a_start_has_brought_back_must_be_there_at_the_next() -> None:
    ledger = Ledger()
    ledger.add_queue("queue")
    came, lost = (
        ledger.publish(["queue"], ledger.new_key("publisher"), b"body", is_persistent=True)[0]
        for _ in range(2)
    )
    leave([came])
    ledger.recovered({"queue": [Found(came.key, b"body", True)]})
    assert came.presence is Presence.MUST
    assert came.was_delivered
    assert lost.key not in ledger.queues["queue"]
