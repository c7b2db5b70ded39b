from leveret.engine.buffer cimport Buffer
from leveret.engine.output cimport Output

cimport cython

cdef enum:
    SETTLED = 0
    WAITING = 1
    REFUSED = 2
    ANSWERED = 3

@cython.final
cdef class Confirms:
    cdef int channel
    cdef readonly unsigned long long published
    cdef readonly unsigned long long told
    cdef Py_ssize_t exceptions
    cdef Buffer states

    cpdef unsigned long long settled(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef unsigned long long exceptional(self, int state) except? 0xFFFFFFFFFFFFFFFF
    cpdef int answer(self, unsigned long long sequence, int state) except -1
    cpdef int write(self, Output output) except -1
    cdef int write_prefix(self, Output output) except -1
    cdef int write_run(
        self, Output output, int state, unsigned long long first, unsigned long long last
    ) except -1
    cdef int write_frame(
        self, Output output, int method, unsigned long long sequence, bint multiple
    ) except -1
    cdef int state(self, unsigned long long sequence) except -1
    cdef int set_state(self, unsigned long long sequence, int state) except -1
    cdef int grow(self) except -1
