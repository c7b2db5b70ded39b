from pathlib import Path

import pytest

from tests.crash.broken import broken
from tests.crash.events import DIRECTORY, Events
from tests.crash.history import History
from tests.crash.image import make_image
from tests.crash.promises import Message, Promise
from tests.crash.trace import Kind

FILE = 5
BODY = b"confirming-1/7 text"


@pytest.fixture
def events() -> Events:
    return Events()


def complaint(events: Events, at: int | None = None) -> str:
    """About a promise that is made at that event, or at the end."""
    index = len(events) if at is None else at
    promise = Promise(index, Message("confirming-1/7", ""))
    return " ".join(broken(History(DIRECTORY, events, {}), [promise]))


def image(events: Events, target: Path) -> dict[str, bytes]:
    make_image(History(DIRECTORY, events, {}), target)
    return {path.name: path.read_bytes() for path in target.iterdir()}


def test_what_is_synced_with_its_name_may_be_promised(events: Events, tmp_path: Path) -> None:
    events.create("file", FILE)
    events.sync_names()
    events.write(FILE, BODY)
    events.sync(FILE)
    assert complaint(events) == ""
    assert image(events, tmp_path / "image") == {"file": BODY}


def test_what_was_not_written_may_not_be_promised(events: Events) -> None:
    assert "not written" in complaint(events)


def test_a_write_is_not_on_the_disk_without_a_sync(events: Events, tmp_path: Path) -> None:
    events.create("file", FILE)
    events.sync_names()
    events.write(FILE, BODY)
    assert "synced never" in complaint(events)
    assert image(events, tmp_path / "image") == {"file": b""}


def test_a_sync_that_began_before_the_write_had_ended_does_not_count(events: Events) -> None:
    events.create("file", FILE)
    events.sync_names()
    events.add(Kind.WRITE, is_end=False, fd=FILE, data=BODY)
    events.add(Kind.SYNC, is_end=False, fd=FILE)
    events.add(Kind.WRITE, is_end=True, fd=FILE, data=BODY)
    events.add(Kind.SYNC, is_end=True, fd=FILE)
    assert "synced never" in complaint(events)


def test_a_promise_may_not_leave_before_the_sync_has_ended(events: Events) -> None:
    events.create("file", FILE)
    events.sync_names()
    events.write(FILE, BODY)
    events.sync(FILE)
    end = len(events) - 1
    assert f"synced at {end}" in complaint(events, at=end)


def test_a_new_file_is_not_there_before_its_directory_is_synced(
    events: Events, tmp_path: Path
) -> None:
    events.create("file", FILE)
    events.write(FILE, BODY)
    events.sync(FILE)
    assert "without a synced name" in complaint(events)
    assert image(events, tmp_path / "image") == {}


def test_a_file_has_its_old_name_until_its_directory_is_synced(
    events: Events, tmp_path: Path
) -> None:
    events.create("old", FILE)
    events.sync_names()
    events.rename("old", "new")
    events.write(FILE, BODY)
    events.sync(FILE)
    assert "without a synced name" in complaint(events)
    assert image(events, tmp_path / "before") == {"old": BODY}
    events.sync_names()
    assert complaint(events) == ""
    assert image(events, tmp_path / "after") == {"new": BODY}


def test_a_file_that_is_written_over_has_what_came_last(events: Events, tmp_path: Path) -> None:
    events.create("file", FILE)
    events.sync_names()
    events.write(FILE, b"aaaa")
    events.write(FILE, b"bb", 1)
    events.sync(FILE)
    assert image(events, tmp_path / "image") == {"file": b"abba"}
