"""One frame of AMQP 0-9-1 in a buffer.

0     1         3           7            7 + size
type  channel   size        payload      0xCE
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.bench.errors import CheckFailed
from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
else:
    METHOD = 1
    HEADER = 2
    BODY = 3
    FRAME_END = 0xCE
    FRAME_OVERHEAD = 8
    PAYLOAD = 7
    BASIC_CLASS = 0x003C0000
    BASIC_RETURN = 0x003C0032
    BASIC_DELIVER = 0x003C003C
    BASIC_ACK = 0x003C0050
    BASIC_NACK = 0x003C0078

COMPILED: bool = bool(cython.compiled)


def frame_bytes(
    buffer: Buffer,
    offset: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    frame_max: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """The length of the frame at `offset`; 0 where buffer[offset:end] holds only a part of it."""
    size: cython.Py_ssize_t
    if end - offset < FRAME_OVERHEAD:
        return 0
    size = buffer.u32(offset + 3)
    if size > frame_max:
        raise CheckFailed(f"a frame of {size} bytes, over the frame-max of {frame_max}")
    if end - offset < size + FRAME_OVERHEAD:
        return 0
    if buffer.u8(offset + PAYLOAD + size) != FRAME_END:
        raise CheckFailed("a frame that does not end in 0xCE")
    return size + FRAME_OVERHEAD
