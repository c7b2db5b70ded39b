from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport Chunk
from leveret.engine.log_order cimport LogOrder
from leveret.engine.records cimport Records

cimport cython

cdef enum:
    SETTLE = 2
    DROP = 3
    DEFINE = 4
    REDELIVER = 5
    COUNT = 6
    SETTLE_BYTES = 32
    DROP_BYTES = 16
    DEFINE_HEAD_BYTES = 16

@cython.final
cdef class Batch:
    cdef readonly unsigned long long number
    cdef readonly Chunk chunk
    cdef readonly Py_ssize_t start
    cdef readonly Py_ssize_t end
    cdef readonly Py_ssize_t record_count

@cython.final
cdef class Journal:
    cdef Records records
    cdef Chunk chunk
    cdef Py_ssize_t start
    cdef Py_ssize_t record_count
    cdef list sealed
    cdef list under_way
    cdef readonly LogOrder order
    cdef readonly unsigned long long number
    cdef readonly unsigned long long durable
    cdef public bint urgent
    cdef public Py_ssize_t chunk_bytes

    cdef Chunk room(self, Py_ssize_t length)
    cdef int open_chunk(self, Py_ssize_t needed) except -1
    cdef Py_ssize_t settle(self, unsigned long long queue, unsigned long long position) except -1
    cdef int extend(self, Py_ssize_t at, unsigned long long position) except -1
    cdef Py_ssize_t begin(self, int kind, Py_ssize_t length, unsigned long long queue) except -1
    cdef int count(
        self,
        unsigned long long queue,
        unsigned long long position,
        unsigned long long failures,
        unsigned long long deliveries,
    ) except -1
    cpdef gone(self, unsigned long long queue, unsigned long long first, unsigned long long last)
    cpdef drop(self, unsigned long long queue, bytes key=*)
    cpdef define(self, bytes key, bytes value)
    cdef Chunk adopt(
        self,
        unsigned long long number,
        unsigned long long position,
        Buffer source,
        Py_ssize_t start,
        Py_ssize_t length,
    )
    cpdef reserve(self, Py_ssize_t length)
    cpdef seal(self)
