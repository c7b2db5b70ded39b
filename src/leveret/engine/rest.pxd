from leveret.engine.buffer cimport Buffer
from leveret.engine.memory cimport Memory

cimport cython

@cython.final
cdef class Rest:
    cdef Memory memory
    cdef readonly Buffer buffer
    cdef readonly Py_ssize_t count

    cpdef int keep(self, Buffer source, Py_ssize_t at, Py_ssize_t count) except -1
    cdef bint is_wasteful(self, Py_ssize_t count) except -1
    cpdef int drop(self) except -1
