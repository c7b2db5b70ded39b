"""What is to come: whether a peer that is not read now wants to go.

The frames are looked at and stay where they are.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer

# Type 1, channel 0.
METHOD_ON_0 = cython.declare(cython.ulonglong, 0x010000)
CONNECTION_CLOSE = cython.declare(cython.int, 0x000A0032)
MASK_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
# Type, channel, size, method.
HEAD_BYTES = cython.declare(cython.Py_ssize_t, 11)


def has_close(data: bytes, skip: cython.Py_ssize_t) -> cython.bint:
    """A connection.close begins in `data`, whose frames begin behind the first `skip` bytes."""
    buffer: Buffer = Buffer(0, data)
    at: cython.Py_ssize_t = skip
    head: cython.ulonglong
    while buffer.size - at >= HEAD_BYTES:
        head = buffer.u64(at)
        if head >> 40 == METHOD_ON_0 and buffer.u32(at + 7) == CONNECTION_CLOSE:
            return True
        at += 8 + cython.cast(cython.Py_ssize_t, head >> 8 & MASK_32)
    return False
