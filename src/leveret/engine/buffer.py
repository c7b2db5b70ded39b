"""The only raw memory: a fixed stretch of bytes, every access checked against its size.

    offset  0 ................................................. size
            u8 u16 u32 u64    read a number, big-endian as on the wire; put_ writes one
            slot, put_slot    one entry of a table of native 64-bit numbers, by its index
    prefetch          says that the bytes there will be read soon
            copy, fill, same  move bytes in, compare them;  bytes_at takes them out

An access outside raises IndexError, in release builds too; so does writing over `bytes`.

Compiled, the accessors are C that is inlined into the caller: their bodies stand in buffer.pxd.
The twins below serve the uncompiled build and mean the same; one contract test runs both.
Numbers that do not fit are cut to their width, as C does.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

if cython.compiled:
    from cython.cimports.cpython.buffer import (
        PyBUF_SIMPLE,
        PyBUF_WRITABLE,
        PyBuffer_Release,
        PyObject_GetBuffer,
    )
    from cython.cimports.cpython.bytes import PyBytes_FromStringAndSize
else:
    import sys

COMPILED: bool = bool(cython.compiled)


def outside() -> int:
    raise IndexError("buffer access out of bounds")


# Bytes are in no cycle, and the collector would take them before the buffer has released them.
@cython.no_gc
@cython.cclass
class Buffer:
    """`size` zero bytes of its own, or the bytes of `owner`: a bytearray, bytes or an mmap."""

    if not cython.compiled:
        owner: bytearray | bytes | None = None
        whole: memoryview | None = None

    def __init__(self, size: cython.Py_ssize_t = 0, owner: bytearray | bytes | None = None) -> None:
        if self.owner is not None:
            raise TypeError("a Buffer is made once")
        owned = bytearray(size) if owner is None else owner
        self.writable = not isinstance(owned, bytes)
        if cython.compiled:
            PyObject_GetBuffer(
                owned,
                cython.address(self.view),
                PyBUF_WRITABLE if self.writable else PyBUF_SIMPLE,
            )
            self.data = cython.cast(cython.p_uchar, self.view.buf)
            self.size = self.view.len
        else:
            self.data = memoryview(owned)
            self.size = len(self.data)
        # What may be written to: nothing at all where the owner is not writable.
        self.room = self.size if self.writable else -1
        self.owner = owned

    def __dealloc__(self) -> None:
        if cython.compiled:
            if self.owner is not None:
                PyBuffer_Release(cython.address(self.view))

    def memory(self) -> memoryview:
        """The whole as a memoryview, for a socket to read into or to send from."""
        if self.whole is None:
            if self.owner is None:
                raise TypeError("a Buffer is made before it is used")
            self.whole = memoryview(self.owner)
        return self.whole

    def bytes_at(self, offset: cython.Py_ssize_t, count: cython.Py_ssize_t) -> bytes:
        """A copy of `count` bytes at `offset`."""
        return self.copy_out(offset, count)

    def copy_out(self, offset: cython.Py_ssize_t, count: cython.Py_ssize_t) -> bytes:
        self.check(offset, count)
        if cython.compiled:
            return PyBytes_FromStringAndSize(cython.cast(cython.p_char, self.data + offset), count)
        else:
            return bytes(self.data[offset : offset + count])

    if not cython.compiled:

        def check(self, offset: int, count: int) -> int:
            if offset < 0 or count < 0 or offset > self.size - count:
                outside()
            return 0

        def check_writable(self, offset: int, count: int) -> int:
            if offset < 0 or count < 0 or offset > self.room - count:
                outside()
            return 0

        def prefetch(self, offset: int) -> int:
            self.check(offset, 1)
            return 0

        def number(self, offset: int, width: int) -> int:
            self.check(offset, width)
            return int.from_bytes(self.data[offset : offset + width], "big")

        def put_number(self, offset: int, value: int, width: int) -> int:
            self.check_writable(offset, width)
            value &= (1 << 8 * width) - 1
            self.data[offset : offset + width] = value.to_bytes(width, "big")
            return 0

        def u8(self, offset: int) -> int:
            self.check(offset, 1)
            return self.data[offset]

        def u16(self, offset: int) -> int:
            return self.number(offset, 2)

        def u32(self, offset: int) -> int:
            return self.number(offset, 4)

        def u64(self, offset: int) -> int:
            return self.number(offset, 8)

        def put_u8(self, offset: int, value: int) -> int:
            return self.put_number(offset, value, 1)

        def put_u16(self, offset: int, value: int) -> int:
            return self.put_number(offset, value, 2)

        def put_u32(self, offset: int, value: int) -> int:
            return self.put_number(offset, value, 4)

        def put_u64(self, offset: int, value: int) -> int:
            return self.put_number(offset, value, 8)

        def slot(self, index: int) -> int:
            if index < 0 or index >= self.size >> 3:
                outside()
            return int.from_bytes(self.data[index * 8 : index * 8 + 8], sys.byteorder)

        def put_slot(self, index: int, value: int) -> int:
            if index < 0 or index >= self.room >> 3:
                outside()
            self.data[index * 8 : index * 8 + 8] = value.to_bytes(8, sys.byteorder)
            return 0

        def copy(self, offset: int, source: Buffer, start: int, count: int) -> int:
            self.check_writable(offset, count)
            source.check(start, count)
            self.data[offset : offset + count] = bytes(source.data[start : start + count])
            return 0

        def same(self, offset: int, other: Buffer, start: int, count: int) -> int:
            self.check(offset, count)
            other.check(start, count)
            return int(self.data[offset : offset + count] == other.data[start : start + count])

        def fill(self, offset: int, source: bytes) -> int:
            count = len(source)
            self.check_writable(offset, count)
            self.data[offset : offset + count] = source
            return 0
