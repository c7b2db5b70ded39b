"""What `rabbitmqctl export_definitions` of RabbitMQ 3.10 wrote is imported whole."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.exceptions import ProbableAuthenticationError

from tests.broker_process import BrokerProcess, running_broker

FILE = Path(__file__).with_name("rabbitmq_definitions.json")
EXPORTED = json.loads(FILE.read_text())
PASSWORDS = {"guest": "guest", "ann": "ann's secret", "bob": "höß"}


@dataclass(frozen=True)
class Imported:
    broker: BrokerProcess
    socket: str

    def log_in(self, user: str, virtual_host: str, password: str = "") -> pika.BlockingConnection:
        credentials = pika.PlainCredentials(user, password or PASSWORDS[user])
        parameters = pika.ConnectionParameters(
            "127.0.0.1", self.broker.port, virtual_host, credentials
        )
        return pika.BlockingConnection(parameters)

    def export(self) -> dict[str, Any]:
        command = [sys.executable, "-m", "leveret", "ctl", "--socket", self.socket]
        done = subprocess.run(
            [*command, "export_definitions", "-"], check=True, capture_output=True
        )
        exported: dict[str, Any] = json.loads(done.stdout)
        return exported


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    socket = str(tmp_path_factory.mktemp("control") / "control.sock")
    with running_broker("--control-socket", socket, "--definitions", str(FILE)) as broker:
        yield Imported(broker, socket)


def keys(items: list[dict[str, Any]], *names: str) -> list[list[Any]]:
    """What is told of each by these names, in an order of its own."""
    return sorted(([item.get(name) for name in names] for item in items), key=repr)


def expected(section: str) -> list[dict[str, Any]]:
    """RabbitMQ leaves out internal exchanges, not their bindings; and writes pairs in a place."""
    items: list[dict[str, Any]] = json.loads(FILE.read_text())[section]
    for item in items:
        if item.get("component") == "operator_policy":
            item["value"]["definition"] = dict(item["value"]["definition"])
    return [i for i in items if "inner" not in (i.get("source"), i.get("destination"))]


SAME = {
    "users": ("name", "password_hash", "hashing_algorithm", "tags", "limits"),
    "vhosts": ("name",),
    "permissions": ("user", "vhost", "configure", "write", "read"),
    "topic_permissions": ("user", "vhost", "exchange", "write", "read"),
    "policies": ("name", "vhost", "pattern", "apply-to", "definition", "priority"),
    "queues": ("name", "vhost", "durable", "auto_delete", "arguments"),
    "exchanges": ("name", "vhost", "type", "durable", "auto_delete", "arguments"),
    "bindings": ("source", "vhost", "destination", "destination_type", "routing_key", "arguments"),
    "parameters": ("component", "vhost", "name", "value"),
}


@pytest.mark.slow
@pytest.mark.parametrize("section", SAME)
def test_all_of_it_is_there_and_exported_again(imported: Imported, section: str) -> None:
    names = SAME[section]
    assert len(EXPORTED[section]) > 0
    assert keys(imported.export()[section], *names) == keys(expected(section), *names)


@pytest.mark.parametrize(("user", "virtual_host"), [("guest", "/"), ("ann", "shop"), ("bob", "/")])
def test_users_log_in_with_their_passwords(
    imported: Imported, user: str, virtual_host: str
) -> None:
    imported.log_in(user, virtual_host).close()
    with pytest.raises(ProbableAuthenticationError):
        imported.log_in(user, virtual_host, "another")


def test_policies_apply(imported: Imported) -> None:
    with imported.log_in("guest", "shop") as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for _ in range(5):
            channel.basic_publish("events", "mail.x", b"")
            channel.basic_publish("", "capped", b"")
        counts = [
            channel.queue_declare(name, passive=True).method.message_count
            for name in ("short.mails", "capped")
        ]
        channel.basic_publish("events", "nobody's", b"caught")
        assert channel.basic_get("rest", auto_ack=True)[2] == b"caught"
        assert counts == [2, 1]


def test_declarations_of_applications_match(imported: Imported) -> None:
    with imported.log_in("guest", "shop") as connection:
        channel = connection.channel()
        for queue in EXPORTED["queues"]:
            if queue["name"] != "history":
                channel.queue_declare(queue["name"], durable=True, arguments=queue["arguments"])
        for exchange in EXPORTED["exchanges"]:
            channel.exchange_declare(
                exchange["name"],
                exchange["type"],
                durable=True,
                arguments=exchange["arguments"],
            )


def test_what_cannot_be_honoured_is_named(imported: Imported) -> None:
    log = imported.broker.log
    assert "queue 'history' in vhost 'shop': there are no queues of type stream yet" in log
    assert "policy 'ha' in vhost 'shop': ha-mode is kept, but nothing goes by it" in log
    assert "'events' to exchange 'inner' in vhost 'shop': is not imported" in log
    assert "is imported, but for what 6 lines above say" in log
