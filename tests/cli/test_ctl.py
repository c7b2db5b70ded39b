"""`leveret ctl` as a user types it, against real brokers."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from tests.broker_process import BrokerProcess, durable_broker, running_broker, start, wait_ready

LEVERET = [sys.executable, "-m", "leveret"]
LIMIT_S = 30


class Ctl:
    """Runs commands; `where` says which broker."""

    def __init__(self, *where: str) -> None:
        self.where = where

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [*LEVERET, "ctl", *words, *self.where],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env={**os.environ, **environment},
        )
        assert "Traceback" not in result.stderr
        return result

    def __call__(self, *words: str) -> str:
        """What it prints, if all is well."""
        result = self.run(*words)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    def refused(self, *words: str) -> tuple[int, str]:
        result = self.run(*words)
        assert result.stdout == ""
        return result.returncode, result.stderr.rstrip("\n")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """One for all tests that leave it as it was."""
    path = tmp_path_factory.mktemp("ctl") / "socket"
    with running_broker("--control-socket", str(path)) as broker:
        yield broker


@pytest.fixture(scope="module")
def ctl(broker: BrokerProcess, tmp_path_factory: pytest.TempPathFactory) -> Ctl:
    return Ctl("--socket", str(tmp_path_factory.getbasetemp() / "ctl0" / "socket"))


def connect(broker: BrokerProcess) -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(broker.url))


@pytest.fixture
def channel(broker: BrokerProcess) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    with connect(broker) as connection:
        yield connection.channel()


def test_status_names_the_process_and_its_port(broker: BrokerProcess, ctl: Ctl) -> None:
    told = ctl("status")
    assert f"\nprocess      {broker.pid}, up " in told
    assert f"\nlistens      127.0.0.1:{broker.port}\n" in told
    status = json.loads(ctl("status", "--json"))
    assert status["pid"] == broker.pid


def test_ping_is_answered(ctl: Ctl) -> None:
    assert ctl("ping") == "pong\n"


def test_queues_are_listed_as_rabbitmqctl_does_in_a_pipe(ctl: Ctl, channel) -> None:
    channel.queue_declare("q1", exclusive=True)
    channel.basic_publish("", "q1", b"x")
    channel.queue_declare("q2", exclusive=True)
    assert ctl("list_queues", "name", "messages", "consumers") == (
        "name\tmessages\tconsumers\nq1\t1\t0\nq2\t0\t0\n"
    )
    assert ctl("list_queues", "-q", "messages", "--formatter", "table") == "1\n0\n"
    assert json.loads(ctl("list_queues", "--json")) == [
        {"name": "q1", "messages": 1},
        {"name": "q2", "messages": 0},
    ]


def test_a_queue_is_declared_bound_shown_purged_and_deleted(ctl: Ctl, channel) -> None:
    assert ctl("declare_queue", "orders", "--argument", "x-max-length=10") == "orders\n"
    assert ctl("bind", "amq.topic", "orders", "order.*") == ""
    channel.basic_publish("amq.topic", "order.new", b"x")
    channel.queue_declare("orders", passive=True)
    shown = ctl("show", "queue", "orders", "--formatter", "table").splitlines()
    assert {tuple(line.split(maxsplit=1)) for line in shown} >= {
        *(("arguments", '{"x-max-length": 10}'), ("messages", "1"), ("state", "running")),
    }
    assert "amq.topic\texchange\torders\tqueue\torder.*\t[]\n" in ctl("list_bindings")
    assert ctl("purge_queue", "orders") == "messages\t1\n"
    assert ctl("unbind", "amq.topic", "orders", "order.*") == ""
    assert "order.*" not in ctl("list_bindings")
    assert ctl("delete_queue", "orders", "--if-empty") == "messages\t0\n"


def test_an_exchange_is_declared_and_deleted(ctl: Ctl) -> None:
    assert ctl("declare_exchange", "events", "topic", "--internal") == ""
    assert "events\ttopic\ttrue\n" in ctl("list_exchanges", "name", "type", "internal")
    assert ctl("delete_exchange", "events") == ""
    assert "events" not in ctl("list_exchanges")


def test_what_an_operator_does_is_an_event(ctl: Ctl, channel) -> None:
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "amq.rabbitmq.event", "exchange.*")
    assert ctl("declare_exchange", "told", "topic") == ""
    method, properties, _ = channel.basic_get(queue, auto_ack=True)
    assert method.routing_key == "exchange.created"
    told = {"name": "told", "user_who_performed_action": "rmq-cli"}
    assert properties.headers.items() >= told.items()
    assert ctl("delete_exchange", "told") == ""


def test_clients_are_listed_and_closed(broker: BrokerProcess, ctl: Ctl) -> None:
    connection = connect(broker)
    channel = connection.channel()
    channel.queue_declare("jobs", exclusive=True)
    channel.basic_qos(prefetch_count=3)
    tag = channel.basic_consume("jobs", lambda *_: None)
    (row,) = json.loads(ctl("list_connections", "pid", "user", "state", "channels", "--json"))
    assert (row["user"], row["state"], row["channels"]) == ("guest", "running", 1)
    pid = row["pid"]
    channels = json.loads(ctl("list_channels", "pid", "consumer_count", "--json"))
    assert channels == [{"pid": f"{pid}.1", "consumer_count": 1}]
    assert ctl("list_consumers", "-q") == f"jobs\t{pid}.1\t{tag}\ttrue\t3\ttrue\n"
    assert ctl("list_queues", "-q", "owner_pid") == f"{pid}\n"
    assert json.loads(ctl("show_connection", pid, "--json"))["client_properties"]["product"]
    assert ctl("close_connection", pid, "we move") == ""
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match=r"320.*'we move'"):
        connection.process_data_events(LIMIT_S)
    assert ctl("list_queues", "-q") == ""


def test_all_connections_are_closed(broker: BrokerProcess, ctl: Ctl) -> None:
    connections = [connect(broker) for _ in range(3)]
    assert ctl("close_all_connections", "-p", "other", "bye") == "connections\t0\n"
    assert ctl("close_all_connections", "bye") == "connections\t3\n"
    for connection in connections:
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match=r"320.*'bye'"):
            connection.process_data_events(LIMIT_S)


def test_a_user_is_made_logs_in_and_is_deleted(broker: BrokerProcess, ctl: Ctl) -> None:
    result = subprocess.run(
        [*LEVERET, "ctl", "add_user", "ann", *ctl.where], input="secret\n", text=True, check=True
    )
    assert result.returncode == 0
    assert ctl("authenticate_user", "ann", "secret") == "user 'ann' can log in\n"
    assert ctl.refused("authenticate_user", "ann", "x")[0] == 65
    assert ctl("add_vhost", "staging") == ""
    assert ctl("set_permissions", "-p", "staging", "ann", "^a", "", ".*") == ""
    assert ctl("list_permissions", "-q", "-p", "staging") == "ann\t^a\t\t.*\n"
    url = broker.url.replace("guest:guest", "ann:secret") + "staging"
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_declare("a1")
    assert ctl("list_queues", "-p", "staging", "-q") == "a1\t0\n"
    assert "ann\t[]\n" in ctl("list_users")
    assert ctl("delete_user", "ann") == ""
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="user 'ann' is deleted"):
        connection.process_data_events(LIMIT_S)
    assert ctl("delete_vhost", "staging") == ""
    assert ctl("list_vhosts", "-q") == "/\n"


def test_definitions_are_taken_to_another_broker(ctl: Ctl, tmp_path: Path) -> None:
    """Also very many: what is wrong has its place in the file."""
    file, path = tmp_path / "x.json", tmp_path / "s"
    ctl("set_policy", "ttl", "^logs", '{"message-ttl": 60000}', "--apply-to", "queues")
    ctl("declare_queue", "logs")
    ctl("bind", "amq.topic", "logs", "#")
    ctl("export_definitions", str(file))
    ctl("delete_queue", "logs")
    ctl("clear_policy", "ttl")
    with running_broker("--control-socket", str(path)):
        other = Ctl("--socket", str(path))
        assert other("import_definitions", str(file)) == ""
        assert other("list_queues", "-q", "name", "policy") == "logs\tttl\n"
        assert "amq.topic\texchange\tlogs\tqueue\t#\t[]\n" in other("list_bindings")
        again = json.loads(other("export_definitions"))
        assert again == json.loads(file.read_text())
        again["queues"] += [{"name": f"q{number}", "vhost": "/"} for number in range(500)]
        again["queues"].append({"name": "q", "vhost": "nowhere"})
        file.write_text(json.dumps(again))
        status, text = other.refused("import_definitions", str(file))
        assert status == 65
        assert f"{file}: queues[501].vhost: there is no virtual host 'nowhere'" in text


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (
            ["lst_queues"],
            64,
            "leveret ctl: unknown command 'lst_queues': did you mean list_queues?",
        ),
        (["list_queues", "messagse"], 64, "leveret ctl list_queues: unknown column of list_queues"),
        (["delete_queue", "no"], 65, "leveret ctl delete_queue: no queue 'no' in vhost '/'"),
        (["list_queues", "-p", "no"], 65, "leveret ctl list_queues: Virtual host 'no' does not"),
        (["declare_exchange", "e", "x"], 65, "leveret ctl declare_exchange: unknown exchange type"),
    ],
)
def test_what_is_refused_has_a_reason_and_a_status(
    ctl: Ctl, words: list[str], status: int, text: str
) -> None:
    result = ctl.run(*words)
    assert result.returncode == status
    assert result.stderr.startswith(text)


def test_help_is_no_error_and_without_words_it_is_one() -> None:
    ctl = Ctl()
    assert "examples:\n  leveret ctl status" in ctl("--help")
    assert ctl("list_queues", "--help").startswith("usage: leveret ctl list_queues ")
    result = ctl.run()
    assert (result.returncode, result.stdout) == (64, "")
    assert result.stderr.startswith("usage: leveret ctl COMMAND")


def test_without_a_broker_it_says_what_to_do(tmp_path: Path) -> None:
    advice = "start one with `leveret serve`, or say where it is with --data-dir DIR or --socket"
    status, text = Ctl("--data-dir", str(tmp_path)).refused("ping")
    assert status == 69
    assert text.startswith(f"leveret ctl ping: {tmp_path}/control.sock: there is no such socket")
    assert advice in text
    environment = {"XDG_RUNTIME_DIR": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    result = Ctl().run("ping", TMPDIR=str(tmp_path), **environment)
    assert result.returncode == 69
    assert f"no broker of yours answers on this machine: {advice}" in result.stderr


def test_it_finds_a_broker_in_memory_and_asks_which_of_two(tmp_path: Path) -> None:
    environment = {
        **{"XDG_RUNTIME_DIR": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
        "TMPDIR": str(tmp_path),
    }
    with running_broker(**environment) as one:
        assert json.loads(Ctl().run("status", "--json", **environment).stdout)["pid"] == one.pid
        with running_broker(**environment) as two:
            result = Ctl().run("ping", **environment)
            assert result.returncode == 64
            assert "several brokers run: choose one with --socket: " in result.stderr
            for broker in (one, two):
                path = str(tmp_path / "leveret" / f"{broker.pid}.sock")
                assert path in result.stderr
                assert Ctl("--socket", path)("ping") == "pong\n"
    assert list((tmp_path / "leveret").iterdir()) == []


def test_stop_waits_until_the_broker_has_gone_and_left_nothing(tmp_path: Path) -> None:
    ctl = Ctl("--data-dir", str(tmp_path))
    with durable_broker(tmp_path) as broker:
        assert ctl("declare_queue", "q") == "q\n"
        assert ctl("stop") == ""
        assert not (tmp_path / "control.sock").exists()
        assert broker.process.wait(LIMIT_S) == 0
    with durable_broker(tmp_path):
        assert ctl("list_queues", "-q") == "q\t0\n"


def test_a_killed_brokers_socket_is_replaced(tmp_path: Path) -> None:
    ctl = Ctl("--data-dir", str(tmp_path))
    with durable_broker(tmp_path) as broker:
        ctl("declare_queue", "q")
        broker.stop(signal.SIGKILL)
    assert (tmp_path / "control.sock").exists()
    status, text = ctl.refused("ping")
    assert status == 69
    assert "control.sock: no broker listens there any more: start one with" in text
    with durable_broker(tmp_path):
        assert ctl("list_queues", "-q") == "q\t0\n"


def test_a_live_brokers_socket_refuses_the_start(broker: BrokerProcess, ctl: Ctl) -> None:
    path = ctl.where[1]
    command = [*LEVERET, "serve", "--in-memory", "--listen", "127.0.0.1:0"]
    result = subprocess.run(
        [*command, "--control-socket", path], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert result.returncode == 1
    text = f"leveret serve: {path}: another broker listens there: choose another with"
    assert result.stderr.splitlines()[-1].startswith(text)
    assert ctl("ping") == "pong\n"


def test_a_long_path_is_as_good_as_a_short_one(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 150)
    with durable_broker(directory):
        assert Ctl("--data-dir", str(directory))("ping") == "pong\n"


def test_wait_waits_for_a_broker_that_starts(tmp_path: Path) -> None:
    directory, log_path = tmp_path / "data", tmp_path / "log"
    command = [*LEVERET, "ctl", "wait", "--timeout", str(LIMIT_S), "--data-dir", str(directory)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as waiting:
        time.sleep(0.3)
        assert waiting.poll() is None
        serve = [*LEVERET, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(directory)]
        with log_path.open("w") as log, start(serve, log, None) as process:
            broker = wait_ready(process, log_path)
            assert waiting.wait(LIMIT_S) == 0
            broker.stop()


def test_wait_gives_up(tmp_path: Path) -> None:
    status, text = Ctl("--data-dir", str(tmp_path)).refused("wait", "-t", "0.3")
    assert status == 69
    assert text.startswith(f"leveret ctl wait: after 0.3 s: {tmp_path}/control.sock: there is no")


def test_a_broker_that_does_not_answer_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        status, text = Ctl("--socket", str(tmp_path / "s")).refused("ping", "-t", "0.3")
    assert status == 75
    assert text == "leveret ctl ping: no answer yet; --timeout SECONDS waits longer"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n", b"5\n", b"{}\n", b'{"ok": 1'])
def test_what_is_no_broker_is_told(tmp_path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def reply() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(1_000)
                peer.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        status, text = Ctl("--socket", str(tmp_path / "s")).refused("ping")
        thread.join()
    assert status == 69
    assert "is not a Leveret broker" in text or "closed the connection" in text


def declare_many(path: str, count: int) -> None:
    """Through the socket, as programs may use it: a line for each."""
    with socket.socket(socket.AF_UNIX) as operator, operator.makefile("rw") as lines:
        operator.connect(path)
        for number in range(count):
            arguments = {"name": f"many-{number:06}", "transient": True}
            lines.write(json.dumps({"command": "declare_queue", "arguments": arguments}) + "\n")
            lines.flush()
            assert "ok" in json.loads(lines.readline())


def memory_kb(broker: BrokerProcess) -> int:
    status = Path(f"/proc/{broker.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_many_queues_are_listed_while_clients_are_served(tmp_path: Path) -> None:
    """Nobody waits for a long list, and it takes no memory to speak of."""
    count = 20_000
    path = str(tmp_path / "s")
    with running_broker("--control-socket", path) as broker, connect(broker) as connection:
        channel = connection.channel()
        declare_many(path, count)
        before = memory_kb(broker)
        command = [*LEVERET, "ctl", "list_queues", "-q", "--socket", path]
        with (tmp_path / "out").open("w") as out, subprocess.Popen(command, stdout=out) as listing:
            slowest = 0.0
            while listing.poll() is None:
                began = time.perf_counter()
                channel.queue_declare("many-000000", passive=True)
                slowest = max(slowest, time.perf_counter() - began)
        assert (tmp_path / "out").read_text().count("\n") == count
        assert slowest < 0.25
        assert memory_kb(broker) - before < 8 * 1024
