"""CRC-32C (Castagnoli), the checksum of everything in the log: by the processor where it can.

The polynomial has the best distance for blocks of the size of a batch, and is the one for which
x86 and ARM have an instruction. The twin below, for the uncompiled build, gives the same numbers.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.buffer import Buffer

if cython.compiled:
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.log.native.crc32c import leveret_crc32c, leveret_crc32c_by_table
else:
    POLYNOMIAL = 0x82F63B78  # with the lowest power in the highest bit

    def remainder(value: int) -> int:
        for _ in range(8):
            value = (value >> 1) ^ (POLYNOMIAL if value & 1 else 0)
        return value

    TABLE = [remainder(byte) for byte in range(256)]


def crc32c(
    buffer: Buffer, offset: cython.Py_ssize_t, count: cython.Py_ssize_t, crc: cython.uint = 0
) -> int:
    """The checksum of `count` bytes at `offset`, of which those before them have `crc`."""
    if cython.compiled:
        buffer.check(offset, count)
        return leveret_crc32c(crc, buffer.data + offset, count)
    else:
        return crc32c_by_table(buffer, offset, count, crc)


def crc32c_by_table(
    buffer: Buffer, offset: cython.Py_ssize_t, count: cython.Py_ssize_t, crc: cython.uint = 0
) -> int:
    """The same for a processor without the instruction."""
    buffer.check(offset, count)
    if cython.compiled:
        return leveret_crc32c_by_table(crc, buffer.data + offset, count)
    else:
        crc ^= 0xFFFFFFFF
        for byte in buffer.data[offset : offset + count]:
            crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
        return crc ^ 0xFFFFFFFF
