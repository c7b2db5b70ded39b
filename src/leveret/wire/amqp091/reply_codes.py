"""What an error is called on the wire: its code, its name, and how much it closes."""

from __future__ import annotations

from typing import Final, NamedTuple

REPLY_SUCCESS: Final = 200
REPLY_TEXT_BYTES_MAX: Final = 255  # reply-text is a shortstr
ELLIPSIS: Final = "..."


class ReplyCode(NamedTuple):
    code: int
    name: str
    is_hard: bool  # closes the connection; else the channel alone


REPLY_CODES: Final = {
    "content_too_large": ReplyCode(311, "CONTENT_TOO_LARGE", False),
    "no_route": ReplyCode(312, "NO_ROUTE", False),
    "no_consumers": ReplyCode(313, "NO_CONSUMERS", False),
    "connection_forced": ReplyCode(320, "CONNECTION_FORCED", True),
    "invalid_path": ReplyCode(402, "INVALID_PATH", True),
    "access_refused": ReplyCode(403, "ACCESS_REFUSED", False),
    "not_found": ReplyCode(404, "NOT_FOUND", False),
    "resource_locked": ReplyCode(405, "RESOURCE_LOCKED", False),
    "precondition_failed": ReplyCode(406, "PRECONDITION_FAILED", False),
    "frame_error": ReplyCode(501, "FRAME_ERROR", True),
    "syntax_error": ReplyCode(502, "SYNTAX_ERROR", True),
    "command_invalid": ReplyCode(503, "COMMAND_INVALID", True),
    "channel_error": ReplyCode(504, "CHANNEL_ERROR", True),
    "unexpected_frame": ReplyCode(505, "UNEXPECTED_FRAME", True),
    "resource_error": ReplyCode(506, "RESOURCE_ERROR", True),
    "not_allowed": ReplyCode(530, "NOT_ALLOWED", True),
    "not_implemented": ReplyCode(540, "NOT_IMPLEMENTED", True),
    "internal_error": ReplyCode(541, "INTERNAL_ERROR", True),
}


def reply_text(kind: str, text: str) -> str:
    """`NAME - text`, or `NAME` if there is no text; cut as RabbitMQ cuts what is too long.

    No character is split, so that the client can decode it.
    """
    name = REPLY_CODES[kind].name
    whole = f"{name} - {text}" if text else name
    encoded = whole.encode("utf-8", "surrogateescape")
    if len(encoded) <= REPLY_TEXT_BYTES_MAX:
        return whole
    end = REPLY_TEXT_BYTES_MAX - len(ELLIPSIS)
    while encoded[end] & 0xC0 == 0x80:  # in the middle of a character
        end -= 1
    return encoded[:end].decode("utf-8", "surrogateescape") + ELLIPSIS
