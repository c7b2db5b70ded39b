from leveret.bench.frames.histogram cimport Histogram
from leveret.engine.buffer cimport Buffer

cimport cython

cdef enum:
    CHANNEL = 1
    CONFIRM_BYTES = 21

@cython.final
cdef class Confirms:
    cdef readonly unsigned long long acked_count
    cdef readonly unsigned long long nacked_count
    cdef readonly unsigned long long returned_count
    cdef readonly Py_ssize_t unconfirmed
    cdef readonly Py_ssize_t foreign_bytes
    cdef Py_ssize_t frame_max
    cdef readonly Py_ssize_t window
    cdef Histogram latency
    cdef Buffer sent_at
    cdef Py_ssize_t mask
    cdef unsigned long long oldest
    cdef unsigned long long next_tag
    cdef unsigned long long now

    cdef Py_ssize_t walk_frame(self, Buffer buffer, Py_ssize_t offset, Py_ssize_t end) except -1
    cdef int take(self, unsigned long long tag, bint multiple, bint refused) except -1
    cdef Py_ssize_t settle(self, unsigned long long tag) except -1
