from leveret.engine.buffer cimport Buffer

cimport cython

cdef enum:
    OUTPUT_BYTES = 327680
    SPARE_OUTPUTS_MAX = 16

@cython.final
cdef class Output:
    cdef readonly object owner
    cdef list written
    cdef list spare
    cdef Buffer buffer
    cdef Py_ssize_t start
    cdef Py_ssize_t end
    cdef public bint listed
    cdef readonly list waiting
    cdef readonly unsigned long long sent_bytes
    cdef public unsigned long long oversized_count

    cdef Buffer reserve(self, Py_ssize_t count)
    cdef int grow(self, Py_ssize_t count) except -1
    cdef int give_back(self, Buffer buffer) except -1
    cpdef write(self, bytes data)
    cpdef bint is_full(self) except -1
    cpdef memoryview pending(self)
    cpdef sent(self, Py_ssize_t count)
    cpdef clear(self)
