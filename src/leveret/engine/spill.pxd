from leveret.engine.chunk cimport Chunk
from leveret.engine.nearness cimport Nearness
from leveret.engine.records cimport Records

cimport cython

@cython.final
cdef class Spill:
    cdef Records records
    cdef Nearness nearness
    cdef readonly Py_ssize_t writing_bytes
    cdef readonly Py_ssize_t writing_count

    cdef int store_down_to(self, Py_ssize_t bytes_max) except -1
    cdef bint write(self, Chunk chunk) except -1
    cdef int written(self, Chunk chunk, bint kept) except -1
