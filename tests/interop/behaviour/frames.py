"""Frames and methods that no library sends."""

from tests.interop.behaviour.stage import Seen, Stage, scenario
from tests.interop.raw_client import (
    BODY,
    CHANNEL_CLOSE,
    CLOSE,
    HEARTBEAT,
    METHOD,
    PROTOCOL_HEADER,
    START,
    RawClient,
    consume,
    frame,
    header,
    method,
    open_channel,
    publish,
    start_ok,
    tune_ok,
)

SILENT_SECONDS = 5  # after which nothing is expected to come


def answer(raw: RawClient) -> str:
    """The first close of a connection or a channel, or that nothing comes."""
    raw.socket.settimeout(SILENT_SECONDS)
    try:
        received = raw.receive_frame()
        while received.type != METHOD or received.method not in (CLOSE, CHANNEL_CLOSE):
            received = raw.receive_frame()
    except TimeoutError:
        return "nothing"
    except (EOFError, ConnectionError):
        return "the end of the stream"
    code = int.from_bytes(received.arguments[:2])
    text = received.arguments[3 : 3 + received.arguments[2]].decode(errors="replace")
    what = "connection" if received.channel == 0 else "channel"
    return f"{what} closed: {code} {text.splitlines()[0]}"


WRONG_FRAMES: dict[str, bytes] = {
    "a frame without its end": frame(METHOD, 1, b"\0\x14\0\x28")[:-1] + b"\0",
    "an unknown type of frame": frame(7, 1, b""),
    "a heartbeat on a channel": frame(HEARTBEAT, 1, b""),
    "a body without a header": frame(BODY, 1, b"x"),
    "a header without a method": header(1, 1),
    "a method where content is due": publish(1, "q") + open_channel(2),
    "a header of another class": publish(1, "q") + header(1, 1, class_id=50),
    "more body than said": publish(1, "q") + header(1, 1) + frame(BODY, 1, b"xx"),
    "a channel that is not open": consume(5, "q", "t", bits=0),
    "a channel that is open already": open_channel(1),
    "an unknown method": method(1, (60, 222)),
    "an unknown class": method(1, (99, 10)),
    "a method that a server says": method(1, (60, 60)),
    "a method cut short": method(1, (50, 10), b"\0\0\x05q"),
    "a method of connections on a channel": method(1, (10, 50), b"\0\0\0\0\0\0\0"),
    "a frame of more than is agreed": frame(BODY, 1, b"x" * 140000),
}


@scenario
def frames_wrong(stage: Stage) -> Seen:
    """Wrong frames and methods close the connection with 501 to 505 or 540"""
    seen = []
    for what, data in WRONG_FRAMES.items():
        with RawClient(stage.url) as raw:
            raw.open()
            raw.send(data)
            seen.append([what, answer(raw)])
    return seen


@scenario
def handshake_wrong(stage: Stage) -> Seen:
    """Other protocols are answered with the header of this one"""
    with RawClient(stage.url) as raw:
        raw.send(b"GET / HTTP/1.1\r\n\r\n")
        seen: Seen = [raw.receive_rest().hex()]
    with RawClient(stage.url) as raw:
        raw.send(PROTOCOL_HEADER)
        raw.expect(START)
        raw.send(start_ok(mechanism="GSSAPI"))
        seen.append(answer(raw))
    for limits in ({"frame_max": 100}, {"frame_max": 2**20}, {"channel_max": 65535}):
        with RawClient(stage.url) as raw:
            raw.start()
            raw.send(tune_ok(**limits))
            seen.append([limits, answer(raw)])
    return seen
