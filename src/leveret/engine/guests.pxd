from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport Chunk
from leveret.engine.moves cimport Moves
from leveret.engine.nearness cimport Nearness
from leveret.engine.records cimport Records

cimport cython

@cython.final
cdef class Guests:
    cdef Records records
    cdef Moves moves
    cdef Nearness nearness
    cdef Nearness guests_nearness
    cdef public Py_ssize_t log_bytes_max
    cdef public Py_ssize_t guest_bytes_max

    cdef unsigned long long invite(
        self, Buffer source, Py_ssize_t at, Py_ssize_t length, unsigned long long home,
        unsigned long long guest
    ) except? 0xFFFFFFFFFFFFFFFF
    cdef bint has_to_evict(self) except -1
    cdef int evict(self) except -1
    cdef int evict_log_chunks(self) except -1
    cdef int evict_guests(self) except -1
    cdef int send_home(self, Chunk chunk) except -1
    cdef int send_record_home(self, Chunk chunk, Py_ssize_t at) except -1
