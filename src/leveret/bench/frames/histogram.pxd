from leveret.engine.buffer cimport Buffer

cimport cython

cdef enum:
    LINEAR = 256
    OCTAVE_SHIFT = 7
    OCTAVES = 48

@cython.final
cdef class Histogram:
    cdef Buffer counts
    cdef readonly unsigned long long count
    cdef readonly unsigned long long maximum
    cdef unsigned long long last_value
    cdef Py_ssize_t last_index

    cpdef int record(self, unsigned long long value) except -1
    cdef Py_ssize_t index_of(self, unsigned long long value)
