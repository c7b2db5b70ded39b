from leveret.engine.queue cimport Queue
from leveret.engine.records cimport Chunk, Records

cimport cython

@cython.final
cdef class Spill:
    cdef Records records
    cdef list queues
    cdef readonly Py_ssize_t writing_bytes
    cdef readonly Py_ssize_t writing_count
    cdef Py_ssize_t near_bytes
    cdef Py_ssize_t near_left

    cdef int store_down_to(self, Py_ssize_t bytes_max) except -1
    cdef bint write(self, Chunk chunk) except -1
    cdef int written(self, Chunk chunk, bint kept) except -1
    cdef int share_nearness(self, Py_ssize_t bytes_max) except -1
    cdef bint is_near(self, Chunk chunk) except -1
    cdef bint is_near_in(self, Queue queue, unsigned long long position) except -1
