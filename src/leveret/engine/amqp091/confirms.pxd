from leveret.engine.buffer cimport Buffer
from leveret.engine.output cimport Output

cimport cython

cdef enum:
    SETTLED = 0
    REFUSED = 1

@cython.final
cdef class Confirms:
    cdef int channel
    cdef readonly unsigned long long published
    cdef readonly unsigned long long told
    cdef unsigned long long known
    cdef Py_ssize_t refused_count
    cdef Buffer states
    cdef readonly Py_ssize_t mark_count
    cdef Buffer marks

    cpdef unsigned long long settled(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef unsigned long long refused(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef unsigned long long waits(self, unsigned long long batch) except? 0xFFFFFFFFFFFFFFFF
    cpdef bint durable(self, unsigned long long batch) except -1
    cpdef int write(self, Output output) except -1
    cdef int add_mark(self, unsigned long long batch) except -1
    cdef int write_runs(self, Output output, unsigned long long last) except -1
    cdef int write_run(
        self, Output output, int state, unsigned long long first, unsigned long long last
    ) except -1
    cdef int write_frame(
        self, Output output, int method, unsigned long long sequence, bint multiple
    ) except -1
    cdef int state(self, unsigned long long sequence) except -1
    cdef int set_state(self, unsigned long long sequence, int state) except -1
    cdef int grow(self) except -1
