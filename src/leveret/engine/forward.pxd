from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport Chunk
from leveret.engine.journal cimport Batch
from leveret.engine.log_order cimport LogOrder
from leveret.engine.queue cimport Queue
from leveret.engine.records cimport Records

cimport cython

@cython.final
cdef class Forward:
    cdef Records records
    cdef list queues
    cdef readonly LogOrder order
    cdef readonly bint is_used
    cdef readonly bint is_reading
    cdef public Py_ssize_t arena_bytes
    cdef public Py_ssize_t copy_bytes
    cdef public Py_ssize_t chunk_bytes
    cdef Chunk chunk
    cdef Buffer arena
    cdef Py_ssize_t arena_used
    cdef list keys
    cdef list found
    cdef Py_ssize_t next_key
    cdef Batch under_way
    cdef list moves

    cdef int gather(self, Chunk source, Buffer buffer) except -1
    cdef Py_ssize_t holder(
        self, Buffer buffer, Py_ssize_t at, unsigned long long location
    ) except? -2
    cdef bint refers(self, unsigned long long entry, unsigned long long location) except -1
    cdef int keep(
        self, Buffer buffer, Py_ssize_t at, Py_ssize_t length, Py_ssize_t number,
        unsigned long long location
    ) except -1
    cdef int room(self, Py_ssize_t length) except -1
    cdef int relocate(self, Chunk chunk, unsigned long long old, Py_ssize_t at) except -1
    cdef bint move(
        self, Queue queue, unsigned long long position, unsigned long long old,
        unsigned long long new, Py_ssize_t body_length
    ) except -1
    cdef Chunk adopt(
        self,
        unsigned long long number,
        unsigned long long position,
        Buffer source,
        Py_ssize_t start,
        Py_ssize_t length,
    )
