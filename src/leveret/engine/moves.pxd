from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport Chunk
from leveret.engine.queue cimport Queue
from leveret.engine.records cimport Records

cimport cython

@cython.final
cdef class Moves:
    cdef Records records
    cdef list queues
    cdef dict emptying

    cdef int compact(self, Chunk chunk) except -1
    cdef int tell(
        self, Buffer buffer, Py_ssize_t at, unsigned long long old, unsigned long long new
    ) except -1
