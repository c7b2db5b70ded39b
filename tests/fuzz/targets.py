"""What is fuzzed, by name. A target takes any bytes, and raises where something is wrong.

A parser must return or raise what it documents; what it returned must survive being written and
read again. A new parser is a function here, and a folder of its name in corpus/.
"""

from collections.abc import Callable

from leveret.bench.errors import BenchError
from leveret.bench.uri import parse_uri
from leveret.cli.size import parse_size
from leveret.engine.amqp091.properties import Properties
from leveret.engine.buffer import Buffer
from leveret.engine.errors import PeerViolation
from leveret.peers.amqp091.login import amqplain_credentials
from leveret.server.address import parse_address
from leveret.wire.amqp091.errors import ProtocolError
from leveret.wire.amqp091.frames import FrameParser, decode_content_header, encode_frame
from leveret.wire.amqp091.methods import decode_method_payload, encode_method
from leveret.wire.amqp091.properties import (
    decode_properties,
    encode_properties,
    without_header,
)
from leveret.wire.amqp091.tables import decode_table, encode_table
from tests.fuzz.conversation import converse
from tests.fuzz.operated import operate


def tables(data: bytes) -> None:
    try:
        table, _ = decode_table(data)
    except ProtocolError as error:
        assert error.kind == "syntax_error"
        return
    written = encode_table(table)
    again, end = decode_table(written)
    # By their text: NaN is not equal to itself.
    assert (repr(again), end) == (repr(table), len(written))


def methods(data: bytes) -> None:
    try:
        method = decode_method_payload(data)
    except ProtocolError as error:
        assert error.kind in ("syntax_error", "command_invalid")
        return
    (frame,) = FrameParser(frame_max=1 << 24).receive(encode_method(1, method))
    assert repr(decode_method_payload(frame.payload)) == repr(method)


def properties(data: bytes) -> None:
    try:
        decoded = decode_properties(data)
    except ProtocolError as error:
        assert error.kind == "syntax_error"
        return
    assert repr(decode_properties(encode_properties(decoded))) == repr(decoded)
    if decoded.headers:
        name = next(iter(decoded.headers))
        rest = decode_properties(without_header(data, name)).headers
        left = {key: value for key, value in decoded.headers.items() if key != name}
        assert repr(rest or {}) == repr(left)


def client_frames(data: bytes) -> None:
    """The clients' side: what a server that lies may send."""
    parser = FrameParser(frame_max=4096)
    try:
        found = [frame for byte in data for frame in parser.receive(bytes((byte,)))]
    except ProtocolError as error:
        assert error.kind == "frame_error"
        return
    whole = b"".join(encode_frame(*frame) for frame in found)
    assert data.startswith(whole)
    for frame in found:
        try:
            decode_content_header(frame.payload)
        except ProtocolError as error:
            assert error.kind == "syntax_error"


def engine_properties(data: bytes) -> None:
    """What the engine lets in, the decoder can read, and both see the same in it."""
    walked = Properties()
    try:
        walked.walk(Buffer(0, data), 0, len(data))
    except (PeerViolation, IndexError):
        return
    decoded = decode_properties(data)
    assert walked.priority == (decoded.priority or 0)
    assert walked.copied == bool({"CC", "BCC"} & set(decoded.headers or ()))


def login(data: bytes) -> None:
    try:
        amqplain_credentials(data)
    except ProtocolError as error:
        assert error.kind == "syntax_error"


def words(data: bytes) -> None:
    """What a user types."""
    text = data.decode("utf-8", "replace")
    for parse, refusal in ((parse_size, ValueError), (parse_address, ValueError)):
        try:
            parse(text)
        except refusal as error:
            assert str(error)
    try:
        parse_uri(f"amqp://{text}")
    except BenchError as error:
        assert str(error)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "conversation": converse,
    "tables": tables,
    "methods": methods,
    "properties": properties,
    "engine_properties": engine_properties,
    "client_frames": client_frames,
    "login": login,
    "words": words,
    "operated": operate,
}
