from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport Chunk
from leveret.engine.queue cimport Queue

cimport cython

@cython.final
cdef class Run:
    cdef Chunk chunk
    cdef Queue queue
    cdef readonly unsigned long long first
    cdef Py_ssize_t start
    cdef Py_ssize_t last
    cdef Py_ssize_t end

@cython.final
cdef class Reading:
    cdef readonly Chunk chunk
    cdef readonly Py_ssize_t number
    cdef readonly Py_ssize_t offset
    cdef readonly Py_ssize_t count
    cdef readonly Buffer buffer
    cdef Py_ssize_t last
    cdef list queues
    cdef bint for_space
    cdef bint for_copy
