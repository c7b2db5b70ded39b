"""Frames after which nothing can be read any more, in RabbitMQ's words."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.errors import PeerViolation

HEARTBEAT = cython.declare(cython.int, 8)
# Type, channel, size, end octet.
FRAME_BYTES = cython.declare(cython.Py_ssize_t, 8)
# RabbitMQ's, of what was sent instead.
OCTETS_SHOWN = cython.declare(cython.Py_ssize_t, 16)


def unknown_type(kind: cython.int) -> cython.int:
    raise PeerViolation("frame_error", f"frame of unknown type {kind}")


def too_large(
    kind: cython.int, size: cython.Py_ssize_t, frame_max: cython.Py_ssize_t
) -> cython.int:
    """As with RabbitMQ the text allows a frame's own bytes less than we do."""
    most = frame_max - FRAME_BYTES
    raise PeerViolation(
        "frame_error", f"type {kind}, all octets = <<>>: {{frame_too_large,{size},{most}}}"
    )


def wrong_end(kind: cython.int, octet: cython.int) -> cython.int:
    raise PeerViolation("frame_error", f"type {kind}: {{invalid_frame_end_marker,{octet}}}")


def bad_heartbeat(payload: bytes) -> cython.int:
    """This one can be read on after: its length is known."""
    which = "all" if len(payload) <= OCTETS_SHOWN else "first 16"
    octets = ",".join([str(octet) for octet in payload[:OCTETS_SHOWN]])
    raise PeerViolation(
        "frame_error", f"type {HEARTBEAT}, {which} octets = <<{octets}>>: unknown_frame"
    )
