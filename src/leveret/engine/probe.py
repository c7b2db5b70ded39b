"""What Python code sees of Buffer's inlined accessors: for the contract test, and nothing else."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer


def read_number(buffer: Buffer, offset: cython.Py_ssize_t, width: cython.int) -> int:
    if width == 1:
        return buffer.u8(offset)
    if width == 2:
        return buffer.u16(offset)
    if width == 4:
        return buffer.u32(offset)
    return buffer.u64(offset)


def write_number(
    buffer: Buffer, offset: cython.Py_ssize_t, value: cython.ulonglong, width: cython.int
) -> None:
    if width == 1:
        buffer.put_u8(offset, value & 0xFF)
    elif width == 2:
        buffer.put_u16(offset, value & 0xFFFF)
    elif width == 4:
        buffer.put_u32(offset, value)
    else:
        buffer.put_u64(offset, value)


def prefetch(buffer: Buffer, offset: cython.Py_ssize_t) -> None:
    buffer.prefetch(offset)


def read_slot(buffer: Buffer, index: cython.Py_ssize_t) -> int:
    return buffer.slot(index)


def write_slot(buffer: Buffer, index: cython.Py_ssize_t, value: cython.ulonglong) -> None:
    buffer.put_slot(index, value)


def copy(
    target: Buffer,
    offset: cython.Py_ssize_t,
    source: Buffer,
    start: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
) -> None:
    target.copy(offset, source, start, count)


def same(
    one: Buffer,
    offset: cython.Py_ssize_t,
    other: Buffer,
    start: cython.Py_ssize_t,
    count: cython.Py_ssize_t,
) -> bool:
    return bool(one.same(offset, other, start, count))


def fill(buffer: Buffer, offset: cython.Py_ssize_t, source: bytes) -> None:
    buffer.fill(offset, source)
