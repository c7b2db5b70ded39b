from leveret.engine.buffer cimport Buffer

cimport cython

cdef enum:
    CHUNK_BYTES = 1048576
    ORDINARY = 0
    OF_LOG = 1
    GUESTS = 2

@cython.final
cdef class Chunk:
    cdef readonly Py_ssize_t number
    cdef readonly Buffer buffer
    cdef readonly Py_ssize_t size
    cdef readonly Py_ssize_t used
    cdef readonly int kind
    cdef readonly bint open
    cdef readonly Py_ssize_t live_bytes
    cdef readonly bint sparse
    cdef readonly bint writing
    cdef readonly Py_ssize_t references
    cdef readonly Py_ssize_t references_at_first
    cdef readonly Py_ssize_t message_count
    cdef readonly Py_ssize_t record_bytes
    cdef readonly list places
    cdef public Py_ssize_t batches_under_way
    cdef public bint complete
    cdef public unsigned long long first_batch
    cdef object reading
    cdef bint aged
    cdef readonly Chunk older
    cdef readonly Chunk newer

    cdef bint is_alone(self) except -1
    cpdef place(self, unsigned long long number, Py_ssize_t offset, unsigned long long position)
    cdef int adopt(
        self,
        unsigned long long number,
        unsigned long long position,
        Buffer source,
        Py_ssize_t start,
        Py_ssize_t length,
    ) except -1

@cython.final
cdef class ByAge:
    cdef readonly Chunk oldest
    cdef readonly Chunk newest

    cdef int enter(self, Chunk chunk) except -1
    cdef int leave(self, Chunk chunk) except -1
    cdef int renew(self, Chunk chunk) except -1
