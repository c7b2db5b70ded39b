from leveret.engine.chunk cimport Chunk
from leveret.engine.queue cimport Queue

cimport cython

@cython.final
cdef class Nearness:
    cdef list queues
    cdef Py_ssize_t near_bytes
    cdef Py_ssize_t consuming
    cdef Py_ssize_t left

    cdef bint is_near(self, Chunk chunk, Py_ssize_t bytes_max) except -1
    cdef int share(self, Py_ssize_t bytes_max) except -1
    cdef bint has_near(self, Chunk chunk) except -1
    cdef bint log_has_near(self, Chunk chunk) except -1
    cdef bint names_near(self, Chunk chunk, Py_ssize_t at) except -1
    cdef bint is_near_in(self, Queue queue, unsigned long long position) except -1
