import resource

import pytest

from leveret import limits
from leveret.cli import files
from leveret.cli.files import allow_many_files, room_for_connections


@pytest.mark.parametrize(
    ("count", "room"),
    [(256, 192), (1_024, 768), (20_000, 19_744), (resource.RLIM_INFINITY, limits.COUNT_MAX)],
)
def test_some_files_are_kept_for_others_than_connections(count: int, room: int) -> None:
    assert room_for_connections(count) == room


def test_as_many_files_as_the_system_lets_one_have(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(files.resource, "getrlimit", lambda _: (100, 5_000))
    monkeypatch.setattr(files.resource, "setrlimit", lambda _, pair: asked.append(pair))
    assert allow_many_files() == 5_000
    assert asked == [(5_000, 5_000)]


def test_where_the_system_refuses_it_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not on this system")

    monkeypatch.setattr(files.resource, "getrlimit", lambda _: (100, 5_000))
    monkeypatch.setattr(files.resource, "setrlimit", refuse)
    assert allow_many_files() == 100
