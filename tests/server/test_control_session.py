"""What operators say, in whatever form, and what they are answered."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from leveret.broker.commands import table
from leveret.broker.commands.command import Answer, Command
from leveret.engine.chores import Chore
from leveret.engine.errors import InvariantError
from leveret.server import control_session
from leveret.server.control_session import REQUEST_BYTES_MAX, ROWS_PER_SLICE, slices
from leveret.server.server import Server
from tests.server.test_control import Operator, run

Talk = Callable[[Operator, Server], Awaitable[None]]


def talk(folder: Path, scenario: Talk, **options: object) -> None:
    async def main(server: Server, path: str) -> None:
        await scenario(await Operator.connect(path), server)

    run(folder, main, **options)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Adds one command to all others."""

    def add(name: str, function: Callable[..., object], **fields: object) -> None:
        added = Command(name, "", function, **fields)
        monkeypatch.setattr(control_session, "COMMANDS", {**table.COMMANDS, name: added})

    return add


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (b"hello", "a request is one line of JSON"),
        (b"\xff\xfe", "a request is one line of JSON"),
        (b"[" * 100_000, "a request is one line of JSON"),
        (b"[]", 'a request is an object with a "command"'),
        (b"{}", 'a request is an object with a "command"'),
        (b'{"command": 5}', 'a request is an object with a "command"'),
        (b'{"command": "ping", "arguments": []}', '"arguments" is an object'),
        (b'{"command": "list_queues", "columns": [1]}', '"columns" is an array of names'),
        (b'{"command": "list_queues", "columns": "x"}', '"columns" is an array of names'),
        (b'{"command": "pinge"}', "unknown command 'pinge': did you mean ping?"),
    ],
)
def test_what_makes_no_sense_is_answered_and_more_is_heard(
    tmp_path: Path, text: bytes, reply: str
) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        await operator.say(text)
        assert await operator.hear() == {"error": "wrong_usage", "text": reply}
        assert await operator.ask("ping") == {"ok": "pong"}

    talk(tmp_path, scenario)


def test_a_line_that_is_too_long_is_answered_and_is_the_last(tmp_path: Path) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        line = b"x" * (3 * REQUEST_BYTES_MAX)
        saying = asyncio.create_task(operator.say(line))
        text = f"a request may have {REQUEST_BYTES_MAX} bytes"
        assert await operator.hear() == {"error": "wrong_usage", "text": text}
        assert await operator.hear() is None
        await saying

    talk(tmp_path, scenario)


def test_half_a_request_at_the_end_is_none(tmp_path: Path) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        operator.writer.write(b'{"command": "stop"')
        operator.writer.write_eof()
        reply = await operator.hear()
        assert reply is None or "error" in reply
        assert not server.stop_asked.is_set()

    talk(tmp_path, scenario)


def test_who_says_nothing_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_session, "READ_S", 0.01)

    async def scenario(operator: Operator, server: Server) -> None:
        operator.writer.write(b"{")
        assert await operator.hear() is None

    talk(tmp_path, scenario)


def test_what_the_broker_refuses_is_answered_with_its_kind(tmp_path: Path) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        text = "no queue 'q' in vhost '/'"
        reply = await operator.ask("purge_queue", name="q")
        assert reply == {"error": "not_found", "text": text}

    talk(tmp_path, scenario)


def test_a_listing_has_its_columns_its_rows_and_an_end(tmp_path: Path) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        await operator.say(b'{"command": "list_vhosts", "columns": ["name", "queues"]}')
        heard = [await operator.hear() for _ in range(3)]
        assert heard == [{"columns": ["name", "queues"]}, ["/", 0], {"ok": None}]

    talk(tmp_path, scenario)


def test_a_listing_that_is_refused_has_no_rows(tmp_path: Path) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        await operator.say(b'{"command": "list_queues", "arguments": {"vhost": "x"}}')
        assert await operator.hear() == {"columns": ["name", "messages"]}
        assert await operator.hear() == {
            "error": "not_found",
            "text": "Virtual host 'x' does not exist",
        }

    talk(tmp_path, scenario)


def test_who_does_not_read_has_no_more_rows_made_and_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., None]
) -> None:
    made = 0

    def endless(node: object) -> object:
        nonlocal made
        while True:
            made += 1
            yield "x" * 1_000

    monkeypatch.setattr(control_session, "WRITE_S", 0.2)
    column = table.COMMANDS["list_vhosts"].columns[0]._replace(value=str)
    command("endless", endless, columns=(column,), shown=("name",))

    async def scenario(operator: Operator, server: Server) -> None:
        await operator.say(b'{"command": "endless"}')
        control = server._control
        assert control is not None
        while not control._sessions:
            await asyncio.sleep(0)
        await asyncio.wait(tuple(control._sessions))
        assert made < 5_000  # what the sockets take, and some slices

    talk(tmp_path, scenario)


def test_the_loop_goes_on_between_slices(tmp_path: Path, command: Callable[..., None]) -> None:
    def many(node: object) -> object:
        yield from [None] * (50 * ROWS_PER_SLICE)

    column = table.COMMANDS["list_vhosts"].columns[0]
    command("many", many, columns=(column,), shown=("name",))

    async def scenario(operator: Operator, server: Server) -> None:
        turns = 0
        await operator.say(b'{"command": "many"}')
        assert await operator.hear() == {"columns": ["name"]}
        hearing = asyncio.create_task(operator.hear())
        while not hearing.done():
            turns += 1
            await asyncio.sleep(0)
        assert hearing.result() == {"ok": None}
        assert turns >= 50

    talk(tmp_path, scenario)


def test_steps_are_taken_in_slices_before_the_answer(
    tmp_path: Path, command: Callable[..., None]
) -> None:
    taken = 0

    def begin(node: object) -> Answer:
        def steps() -> object:
            nonlocal taken
            for _ in range(3 * ROWS_PER_SLICE):
                taken += 1
                yield

        return Answer(lambda: taken, steps=steps())

    command("steps", begin)

    async def scenario(operator: Operator, server: Server) -> None:
        assert await operator.ask("steps") == {"ok": 3 * ROWS_PER_SLICE}

    talk(tmp_path, scenario)


def test_what_a_command_began_is_answered_at_its_end(tmp_path: Path) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        assert await operator.ask("declare_queue", name="q") == {"ok": "q"}
        assert await operator.ask("delete_queue", name="q") == {"ok": {"messages": 0}}

    talk(tmp_path, scenario)


def test_what_takes_for_ever_is_answered_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., None]
) -> None:
    monkeypatch.setattr(control_session, "REPLY_S", 0.01)
    command("sleep", lambda node: Answer(lambda: None, Chore(lambda count: count)))

    async def scenario(operator: Operator, server: Server) -> None:
        text = "after 0.01 s, it has begun, and goes on"
        assert await operator.ask("sleep") == {"error": "timeout", "text": text}

    talk(tmp_path, scenario)


def test_what_was_changed_is_durable_when_it_is_answered(tmp_path: Path) -> None:
    """It waits for the disk, and its turn comes without a client."""

    async def scenario(operator: Operator, server: Server) -> None:
        durability = server._durability
        assert durability is not None
        assert await operator.ask("declare_queue", name="q") == {"ok": "q"}
        journal = server.shard.journal
        assert journal.durable >= journal.newest()

    talk(tmp_path, scenario, data_directory=str(tmp_path / "data"))


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_session, "REPLY_S", 0.01)

    async def scenario(operator: Operator, server: Server) -> None:
        assert server._durability is not None
        monkeypatch.setattr(server._durability, "_append", lambda: None)
        text = "after 0.01 s, it is done, but not durable yet: is the disk full?"
        assert await operator.ask("declare_queue", name="q") == {"error": "timeout", "text": text}
        monkeypatch.undo()
        server.want_turn()

    talk(tmp_path, scenario, data_directory=str(tmp_path / "data"))


def test_our_mistakes_are_logged_and_not_told(
    tmp_path: Path, command: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    command("fail", lambda node: 1 / 0)

    async def scenario(operator: Operator, server: Server) -> None:
        text = "internal error: the broker's log has it"
        assert await operator.ask("fail") == {"error": "internal_error", "text": text}
        assert await operator.ask("ping") == {"ok": "pong"}

    talk(tmp_path, scenario)
    assert "ZeroDivisionError" in caplog.text


def test_the_log_tells_what_was_done_but_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        await operator.ask("ping")
        await operator.ask("add_user", username="ann", password="secret")

    with caplog.at_level(logging.INFO):
        talk(tmp_path, scenario)
    assert "operator: add_user username='ann'" in caplog.text
    assert "secret" not in caplog.text
    assert "ping" not in caplog.text


def test_a_broken_state_stops_the_broker(tmp_path: Path, command: Callable[..., None]) -> None:
    def fail(node: object) -> None:
        raise InvariantError("no")

    command("fail", fail)

    async def scenario(operator: Operator, server: Server) -> None:
        reply = await operator.ask("fail")
        assert isinstance(reply, dict) and reply["error"] == "internal_error"
        assert isinstance(await server.failure, InvariantError)
        assert await operator.hear() is None

    talk(tmp_path, scenario)


def test_slices_have_so_many_and_the_last_one_may_have_none() -> None:
    assert [len(each) for each in slices(range(2 * ROWS_PER_SLICE + 1))] == [
        *(ROWS_PER_SLICE, ROWS_PER_SLICE, 1)
    ]
    assert list(slices([])) == [[]]


def test_names_that_are_no_text_come_through(tmp_path: Path) -> None:
    async def scenario(operator: Operator, server: Server) -> None:
        name = b"\xff\n\0".decode("utf-8", "surrogateescape")
        assert await operator.ask("declare_queue", name=name) == {"ok": name.replace("\n", "")}
        await operator.say(json.dumps({"command": "list_queues", "columns": ["name"]}).encode())
        await operator.hear()
        assert await operator.hear() == [name.replace("\n", "")]

    talk(tmp_path, scenario)
