from leveret.engine.buffer cimport Buffer
from leveret.engine.memory cimport Memory

cimport cython

cdef enum:
    LENGTH = 0
    REFERENCES = 4
    KIND = 4
    ARRIVAL = 8
    EXPIRY = 16
    BODY_LENGTH = 24
    PROPERTIES_LENGTH = 28
    NAMES_LENGTH = 32
    PROTOCOL = 34
    PRIORITY = 35
    TARGETS = 36
    HEAD_BYTES = 40
    TARGET_BYTES = 16
    ENQUEUE = 1

@cython.final
cdef class Chunk:
    cdef readonly Py_ssize_t number
    cdef readonly Buffer buffer
    cdef readonly Py_ssize_t used
    cdef readonly Py_ssize_t live_bytes
    cdef readonly bint sparse
    cdef readonly bint logged
    cdef readonly Py_ssize_t references
    cdef public Py_ssize_t batches_under_way
    cdef public bint complete

@cython.final
cdef class Records:
    cdef Memory memory
    cdef readonly list chunks
    cdef list free_numbers
    cdef list spare
    cdef readonly list sparse
    cdef readonly Py_ssize_t live_count
    cdef readonly Py_ssize_t memory_bytes
    cdef Chunk current
    cdef Chunk survivors
    cdef Buffer written
    cdef Py_ssize_t next_target

    cdef unsigned long long append(
        self,
        Chunk chunk,
        Py_ssize_t length,
        Buffer names,
        Py_ssize_t names_length,
        Buffer properties,
        Py_ssize_t properties_length,
        Buffer body,
        Py_ssize_t body_offset,
        Py_ssize_t body_length,
        Py_ssize_t targets,
        unsigned long long arrival,
        int priority,
    ) except? 0xFFFFFFFFFFFFFFFF
    cdef int add_target(self, unsigned long long queue, unsigned long long position) except -1
    cdef Chunk chunk_of(self, unsigned long long location)
    cdef int release(self, unsigned long long location) except -1
    cdef int release_in(self, Chunk chunk, Py_ssize_t at) except -1
    cdef int release_logged(self, Chunk chunk) except -1
    cdef int forget_if_done(self, Chunk chunk) except -1
    cdef int emptied(self, Chunk chunk) except -1
    cdef int thinned(self, Chunk chunk) except -1
    cdef Chunk room(self, Py_ssize_t length)
    cdef int retire(self, Chunk chunk) except -1
    cdef Chunk open_chunk(self, Py_ssize_t size)
    cdef Chunk open_log_chunk(self, Py_ssize_t size)
    cdef int close_chunk(self, Chunk chunk) except -1
    cdef int drop(self, Buffer buffer) except -1
    cpdef drop_spare(self)
    cdef Chunk survivor_room(self, Py_ssize_t length)
    cdef unsigned long long move(self, Chunk chunk, Py_ssize_t at) except? 0xFFFFFFFFFFFFFFFF

cdef Py_ssize_t record_bytes(
    Py_ssize_t targets,
    Py_ssize_t names_length,
    Py_ssize_t properties_length,
    Py_ssize_t body_length,
) noexcept
