# The compiled bodies of Buffer's accessors; their twins are in buffer.py.

cimport cython
from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memmove

cdef extern from *:
    """
    #define LEVERET_SWAP16(x) __builtin_bswap16(x)
    #define LEVERET_SWAP32(x) __builtin_bswap32(x)
    #define LEVERET_SWAP64(x) __builtin_bswap64(x)
    #if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    #undef LEVERET_SWAP16
    #undef LEVERET_SWAP32
    #undef LEVERET_SWAP64
    #define LEVERET_SWAP16(x) (x)
    #define LEVERET_SWAP32(x) (x)
    #define LEVERET_SWAP64(x) (x)
    #endif
    #define LEVERET_NEVER(x) __builtin_expect(!!(x), 0)
    #define LEVERET_PREFETCH(x) __builtin_prefetch(x)
    """
    bint LEVERET_NEVER(bint) noexcept nogil
    void LEVERET_PREFETCH(const unsigned char *) noexcept nogil
    uint16_t LEVERET_SWAP16(uint16_t) noexcept nogil
    uint32_t LEVERET_SWAP32(uint32_t) noexcept nogil
    uint64_t LEVERET_SWAP64(uint64_t) noexcept nogil


cdef int outside() except -1


@cython.final
cdef class Buffer:
    cdef readonly object owner
    cdef object whole
    cdef readonly bint writable
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t room
    cdef Py_buffer view
    cdef unsigned char *data

    cdef bytes copy_out(self, Py_ssize_t offset, Py_ssize_t count)

    cdef inline int check(self, Py_ssize_t offset, Py_ssize_t count) except -1:
        if LEVERET_NEVER(offset < 0 or count < 0 or offset > self.size - count):
            outside()
        return 0

    cdef inline int check_writable(self, Py_ssize_t offset, Py_ssize_t count) except -1:
        if LEVERET_NEVER(offset < 0 or count < 0 or offset > self.room - count):
            outside()
        return 0

    cdef inline int prefetch(self, Py_ssize_t offset) except -1:
        self.check(offset, 1)
        LEVERET_PREFETCH(self.data + offset)
        return 0

    cdef inline int u8(self, Py_ssize_t offset) except -1:
        self.check(offset, 1)
        return self.data[offset]

    cdef inline int u16(self, Py_ssize_t offset) except -1:
        cdef uint16_t raw
        self.check(offset, 2)
        memcpy(&raw, self.data + offset, 2)
        return LEVERET_SWAP16(raw)

    cdef inline Py_ssize_t u32(self, Py_ssize_t offset) except -1:
        cdef uint32_t raw
        self.check(offset, 4)
        memcpy(&raw, self.data + offset, 4)
        return <Py_ssize_t> LEVERET_SWAP32(raw)

    cdef inline uint64_t u64(self, Py_ssize_t offset) except? 0xFFFFFFFFFFFFFFFF:
        cdef uint64_t raw
        self.check(offset, 8)
        memcpy(&raw, self.data + offset, 8)
        return LEVERET_SWAP64(raw)

    cdef inline int put_u8(self, Py_ssize_t offset, int value) except -1:
        self.check_writable(offset, 1)
        self.data[offset] = <unsigned char> value
        return 0

    cdef inline int put_u16(self, Py_ssize_t offset, int value) except -1:
        cdef uint16_t raw = LEVERET_SWAP16(<uint16_t> value)
        self.check_writable(offset, 2)
        memcpy(self.data + offset, &raw, 2)
        return 0

    cdef inline int put_u32(self, Py_ssize_t offset, Py_ssize_t value) except -1:
        cdef uint32_t raw = LEVERET_SWAP32(<uint32_t> value)
        self.check_writable(offset, 4)
        memcpy(self.data + offset, &raw, 4)
        return 0

    cdef inline int put_u64(self, Py_ssize_t offset, uint64_t value) except -1:
        cdef uint64_t raw = LEVERET_SWAP64(value)
        self.check_writable(offset, 8)
        memcpy(self.data + offset, &raw, 8)
        return 0

    cdef inline uint64_t slot(self, Py_ssize_t index) except? 0xFFFFFFFFFFFFFFFF:
        cdef uint64_t raw
        if index < 0 or index >= self.size >> 3:
            outside()
        memcpy(&raw, self.data + index * 8, 8)
        return raw

    cdef inline int put_slot(self, Py_ssize_t index, uint64_t value) except -1:
        if index < 0 or index >= self.room >> 3:
            outside()
        memcpy(self.data + index * 8, &value, 8)
        return 0

    cdef inline int copy(
        self, Py_ssize_t offset, Buffer source, Py_ssize_t start, Py_ssize_t count
    ) except -1:
        self.check_writable(offset, count)
        source.check(start, count)
        memmove(self.data + offset, source.data + start, count)
        return 0

    cdef inline int same(
        self, Py_ssize_t offset, Buffer other, Py_ssize_t start, Py_ssize_t count
    ) except -1:
        self.check(offset, count)
        other.check(start, count)
        return memcmp(self.data + offset, other.data + start, count) == 0

    cdef inline int fill(self, Py_ssize_t offset, bytes source) except -1:
        cdef Py_ssize_t count = len(source)
        self.check_writable(offset, count)
        memcpy(self.data + offset, <const unsigned char *> source, count)
        return 0
