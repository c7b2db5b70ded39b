import os
import resource
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker_process import READY, running_broker, wait_ready

SERVE = [sys.executable, "-m", "leveret", "serve"]
HEADER = b"AMQP\x00\x00\x09\x01"
LIMIT_S = 20


def refused(*options: str) -> tuple[int, str]:
    """The exit status and the words of a broker that does not start."""
    result = subprocess.run([*SERVE, *options], capture_output=True, text=True, timeout=LIMIT_S)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.returncode, result.stderr


def talk(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A connection on which the broker has said its first word."""
    sock = socket.create_connection((host, port), LIMIT_S)
    sock.sendall(HEADER)
    assert sock.recv(1) == b"\x01"
    return sock


def test_ready_it_says_where_and_how_and_serves() -> None:
    with running_broker() as broker:
        assert broker.ready.startswith(f"leveret 0.1.0 listening on amqp://127.0.0.1:{broker.port}")
        assert broker.ready.endswith("compiled, memory only)")
        talk(broker.port).close()
        assert broker.process.stdout is not None
        assert f" bench --time 5 --uri amqp://127.0.0.1:{broker.port}\n" in (
            broker.process.stdout.readline()
        )


def suggested_program(path: str) -> str:
    """The command of the line to try, as a shell with this PATH is told."""
    with running_broker(PATH=path) as broker:
        assert broker.process.stdout is not None
        return broker.process.stdout.readline().removeprefix("try it: ").partition(" bench ")[0]


def test_the_line_to_try_works_though_leveret_is_not_on_the_path(tmp_path: Path) -> None:
    program = suggested_program(str(tmp_path)).split()
    version = subprocess.check_output([*program, "--version"], text=True)
    assert version.startswith("leveret 0.1.0")


def test_the_line_to_try_is_short_where_leveret_is_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "leveret").symlink_to(sys.executable)
    assert suggested_program(str(tmp_path)) == "leveret"


def test_several_addresses_are_all_listened_on() -> None:
    with running_broker("--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0") as broker:
        other = READY.search(broker.ready.partition(" and ")[2].join(["listening on ", ""]))
        assert other
        assert other["host"] == "127.0.0.2"
        talk(int(other["port"]), "127.0.0.2").close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_and_the_clients_are_gone(number: signal.Signals) -> None:
    with running_broker() as broker:
        with talk(broker.port) as client:
            broker.process.send_signal(number)
            while client.recv(4096):
                pass
        assert broker.process.wait(LIMIT_S) == 0
        assert f"{number.name}: stopping" in broker.log


def test_a_second_signal_ends_it_at_once() -> None:
    with subprocess.Popen(
        [*SERVE, "--in-memory", "--listen", "127.0.0.1:0"], stdout=-1, stderr=-1, text=True
    ) as process:
        broker = wait_ready(process, Path(os.devnull))
        # It stays, because it neither closes its end nor answers.
        with talk(broker.port):
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            while "stopping" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_S) == 128 + signal.SIGTERM


def test_what_is_durable_is_kept_in_the_users_data_directory_if_nobody_says(
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    with subprocess.Popen(
        [*SERVE, "--listen", "127.0.0.1:0"], stdout=-1, stderr=-1, text=True, env=environment
    ) as process:
        broker = wait_ready(process, Path(os.devnull))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT_S)
    (found,) = tmp_path.rglob("format")
    assert broker.ready.endswith(f"compiled, data in {found.parent})")


def test_a_data_dir_that_another_broker_has_is_refused(tmp_path: Path) -> None:
    with running_broker("--data-dir", str(tmp_path)) as broker:
        status, words = refused("--data-dir", str(tmp_path))
        assert status == 1
        assert str(tmp_path) in words
        assert str(broker.pid) in words


def test_a_data_dir_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, words = refused("--data-dir", str(tmp_path / "file" / "data"))
    assert status == 1
    assert str(tmp_path / "file") in words


def test_a_damaged_log_is_refused_with_the_command_that_repairs_it(tmp_path: Path) -> None:
    for _ in range(3):
        with running_broker("--data-dir", str(tmp_path)):
            pass
    segment = next(tmp_path.glob("hot-*.segment"))
    with segment.open("r+b") as file:
        written = file.read(1 << 20)
        file.seek(written.index(written[:4], 4) + 40)  # in the head of the second batch
        file.write(b"\xff")
    status, words = refused("--data-dir", str(tmp_path))
    assert status == 1
    assert f"leveret log repair --data-dir {tmp_path}" in words


def test_messages_that_the_log_has_no_room_for_are_refused_from_the_beginning() -> None:
    status, words = refused("--max-message-size", "70000000")
    assert status == 2
    assert "the log takes messages of up to 62914560 bytes" in words


def test_less_than_synced_says_what_it_risks(tmp_path: Path) -> None:
    with running_broker("--data-dir", str(tmp_path), "--durability", "os") as broker:
        talk(broker.port).close()
    assert "WARNING --durability os: what is confirmed survives" in broker.log


def test_a_data_dir_in_memory_is_a_contradiction(tmp_path: Path) -> None:
    status, words = refused("--data-dir", str(tmp_path), "--in-memory")
    assert status == 2
    assert "contradict" in words


def test_an_occupied_port_is_an_error_that_names_the_holder_and_the_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        status, words = refused("--listen", place)
    assert status == 1
    assert f"{place} is in use" in words
    assert "--listen HOST:PORT" in words
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in words


@pytest.mark.parametrize(
    ("place", "status", "reason"),
    [
        ("5672", 2, "is not HOST:PORT"),
        ("192.0.2.1:5672", 1, "is not an address of this machine"),
        ("no-such-host.invalid:5672", 1, "this host is not known"),
    ],
)
def test_an_address_that_cannot_be_is_an_error(place: str, status: int, reason: str) -> None:
    result, words = refused("--listen", place)
    assert result == status
    assert reason in words


def test_uncompiled_it_says_what_to_expect_and_what_to_do() -> None:
    sources = Path(__file__).parents[2] / "src"
    with running_broker(PYTHONPATH=str(sources)) as broker:
        assert "(not compiled, memory only)" in broker.ready
        talk(broker.port).close()
        assert "thousand messages a second instead of millions" in broker.log
        assert "pip install --force-reinstall" in broker.log


def test_what_other_machines_can_reach_is_warned_of() -> None:
    with running_broker("--listen", "0.0.0.0:0") as broker:
        where = f"0.0.0.0:{broker.port} can be reached from other machines"
        assert f"{where}: guest cannot log in from there" in broker.log


def test_the_log_level_is_kept() -> None:
    with running_broker("--log-level", "debug") as broker:
        talk(broker.port).close()
    assert "connection 1 from 127.0.0.1:" in broker.log


def test_its_service_manager_is_told_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(LIMIT_S)
        manager.bind(str(tmp_path / "notify"))
        with running_broker(NOTIFY_SOCKET=str(tmp_path / "notify")) as broker:
            assert manager.recv(100) == b"READY=1"
            broker.stop()
            assert manager.recv(100) == b"STOPPING=1"


def test_an_output_that_nobody_reads_does_not_keep_it_from_serving() -> None:
    """Like `leveret serve | head -0 &`: clients find it on the port that they know."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(
        [*SERVE, "--listen", f"127.0.0.1:{port}"], stdout=write, stderr=-1, text=True
    ) as process:
        os.close(write)
        assert process.stderr is not None
        assert select.select([process.stderr], [], [], LIMIT_S)[0]  # warns: it is there
        connect_when_ready(port).close()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert "Traceback" not in log
    assert "BrokenPipe" not in log


def connect_when_ready(port: int) -> socket.socket:
    for _ in range(1_000):
        try:
            return talk(port)
        except ConnectionRefusedError:
            select.select([], [], [], 0.01)
    raise AssertionError("nobody listens")


def test_it_allows_itself_as_many_sockets_as_it_may_have() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with running_broker() as broker:
        limits = Path(f"/proc/{broker.pid}/limits")
        if not limits.exists():
            pytest.skip("no /proc here")
        (line,) = (line for line in limits.read_text().splitlines() if "open files" in line)
        assert line.split()[3:5] == [str(most)] * 2


@pytest.mark.parametrize("size", ["0", "513MiB", "huge"])
def test_a_message_size_that_cannot_be_is_refused(size: str) -> None:
    status, words = refused("--max-message-size", size)
    assert status == 2
    assert "--max-message-size" in words


def test_limits_are_set_on_the_command_line() -> None:
    with running_broker("--max-connections", "1", "--handshake-timeout", "300ms") as broker:
        with talk(broker.port) as client:
            client.settimeout(LIMIT_S)
            while client.recv(4096):
                pass  # the rest of connection.start; then the time is over
        assert "handshake timeout: starting" in broker.log


def test_more_connections_than_files_can_be_is_refused() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        pytest.skip("there may be any number of files here")
    status, words = refused("--max-connections", str(most))
    assert status == 2
    assert f"this process may have {most} open files" in words
    assert "ulimit -Hn" in words


def test_a_flood_of_failing_clients_does_not_fill_the_log() -> None:
    with running_broker("--max-log-rate", "3") as broker:
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", broker.port), LIMIT_S) as client:
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                client.recv(100)
    lines = [line for line in broker.log.splitlines() if "unknown protocol header" in line]
    assert 3 <= len(lines) < 25


def test_definitions_that_are_wrong_refuse_the_start(tmp_path: Path) -> None:
    path = tmp_path / "definitions.json"
    path.write_text('{"queues": [{"name": 1}]}')
    command = [sys.executable, "-m", "leveret", "serve", "--in-memory", "--listen", "127.0.0.1:0"]
    refused = subprocess.run(
        [*command, "--definitions", str(path)], capture_output=True, text=True, timeout=20
    )
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr == (
        f"leveret serve: {path}: queues[0].name: must be a string, not a whole number\n"
    )
