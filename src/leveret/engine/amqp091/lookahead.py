"""What is to come: which routes will be needed; whether a peer that is not read now wants to go.

The frames are looked at and stay where they are.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer
from leveret.engine.route import RouteCache

if cython.compiled:
    from cython.cimports.leveret.engine.amqp091 import methods
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.route import RouteCache
else:
    from leveret.engine.amqp091 import methods

METHOD = cython.declare(cython.int, 1)
# Type 1, channel 0.
METHOD_ON_0 = cython.declare(cython.ulonglong, 0x010000)
MASK_32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
# Type, channel, size, no payload, end octet.
FRAME_BYTES = cython.declare(cython.Py_ssize_t, 8)
# Sixteen messages: far enough for memory to answer, and near enough to be still there.
FRAMES_AHEAD = cython.declare(cython.Py_ssize_t, 48)
# Type, channel, size, method.
HEAD_BYTES = cython.declare(cython.Py_ssize_t, 11)


def has_close(data: bytes, skip: cython.Py_ssize_t) -> cython.bint:
    """A connection.close begins in `data`, whose frames begin behind the first `skip` bytes."""
    buffer: Buffer = Buffer(0, data)
    at: cython.Py_ssize_t = skip
    head: cython.ulonglong
    while buffer.size - at >= HEAD_BYTES:
        head = buffer.u64(at)
        if head >> 40 == METHOD_ON_0 and buffer.u32(at + 7) == methods.CONNECTION_CLOSE:
            return True
        at += 8 + cython.cast(cython.Py_ssize_t, head >> 8 & MASK_32)
    return False


def fetch_routes(
    buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t, routes: RouteCache
) -> cython.Py_ssize_t:
    """Has the routes of the next messages brought near, which takes as long as handling one.

    Returns where the first frame begins that was not looked at.
    """
    after: cython.Py_ssize_t
    head: cython.ulonglong
    _frame: cython.Py_ssize_t
    for _frame in range(FRAMES_AHEAD):
        if end - at < FRAME_BYTES:
            break
        head = buffer.u64(at)
        after = at + 7 + cython.cast(cython.Py_ssize_t, head >> 8 & MASK_32)
        if after >= end:
            break
        if cython.cast(cython.int, head >> 56) == METHOD:
            fetch_route(buffer, at + 7, after, routes)
        at = after + 1
    return at


def fetch_route(
    buffer: Buffer, at: cython.Py_ssize_t, after: cython.Py_ssize_t, routes: RouteCache
) -> cython.int:
    """The method's, if it is basic.publish; whether that is sound is seen to in its turn."""
    names: cython.Py_ssize_t = at + 6
    key: cython.Py_ssize_t
    end: cython.Py_ssize_t
    if names >= after or buffer.u32(at) != methods.PUBLISH:
        return 0
    key = names + 1 + buffer.u8(names)
    if key >= after:
        return 0
    end = key + 1 + buffer.u8(key)
    if end >= after:
        return 0
    return routes.fetch(buffer, names, end - names)
