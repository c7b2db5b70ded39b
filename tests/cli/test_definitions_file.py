import json
import logging

import pytest

from leveret.broker.broker import Broker
from leveret.cli.definitions_file import import_file
from leveret.engine.shard import Shard
from leveret.server.durability import Refused
from leveret.wire.amqp091.tables import Timestamp


@pytest.fixture
def broker():
    return Broker(Shard(), bytes)


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "definitions.json"
        path.write_bytes(text if isinstance(text, bytes) else json.dumps(text).encode())
        return str(path)

    return write


def test_what_a_file_defines_is_there(broker, file, caplog):
    caplog.set_level(logging.INFO)
    path = file({"queues": [{"name": "q", "arguments": {"t": {"!Timestamp": 7}}, "odd": 1}]})
    import_file(broker, path)
    assert broker.virtual_host("/").queues["q"].arguments == {"t": Timestamp(7)}
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: queues[].odd: is not known, and not imported",
        f"{path} is imported, but for what 1 lines above say",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        (b"\xff", "not text in UTF-8: invalid start byte"),
        (b"[" * 100_000, "nested too deeply"),
        ({"queues": [{}]}, "queues[0].name: is missing"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(broker, file, text, reason):
    path = file(text)
    with pytest.raises(Refused) as error:
        import_file(broker, path)
    assert str(error.value) == f"{path}: {reason}"


def test_a_file_that_cannot_be_read_is_named(broker):
    with pytest.raises(Refused) as error:
        import_file(broker, "/no/such.json")
    assert str(error.value) == "/no/such.json: No such file or directory"
