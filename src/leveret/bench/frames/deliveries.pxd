from leveret.bench.frames.histogram cimport Histogram
from leveret.engine.buffer cimport Buffer

cimport cython

cdef enum:
    CHANNEL = 1
    ACK_BYTES = 21
    DELIVERY_BYTES_MIN = 47
    ALIKE_BYTES_MAX = 4096
    STAMP_BYTES = 8

@cython.final
cdef class Deliveries:
    cdef readonly Buffer acks
    cdef readonly Py_ssize_t acks_end
    cdef readonly unsigned long long received_count
    cdef readonly Py_ssize_t foreign_bytes
    cdef Py_ssize_t frame_max
    cdef Py_ssize_t body_bytes
    cdef Py_ssize_t ack_every
    cdef Histogram latency
    cdef unsigned long long now
    cdef unsigned long long delivery_tag
    cdef Py_ssize_t unacked
    cdef int awaited
    cdef Py_ssize_t body_left
    cdef bint body_begins
    cdef bint body_whole
    cdef Buffer alike
    cdef Py_ssize_t alike_bytes
    cdef Py_ssize_t alike_body
    cdef Py_ssize_t tag_at
    cdef Py_ssize_t begin

    cdef Py_ssize_t walk_alike(self, Buffer buffer, Py_ssize_t offset, Py_ssize_t end) except -1
    cdef Py_ssize_t walk_frame(self, Buffer buffer, Py_ssize_t offset, Py_ssize_t end) except -1
    cdef int take_method(self, Buffer buffer, Py_ssize_t payload, Py_ssize_t end) except -1
    cdef int take_header(self, Buffer buffer, Py_ssize_t payload, Py_ssize_t size) except -1
    cdef int take_body(self, Buffer buffer, Py_ssize_t payload, Py_ssize_t size) except -1
    cdef int complete(self, Buffer buffer, Py_ssize_t end) except -1
    cdef int learn(self, Buffer buffer, Py_ssize_t end) except -1
    cdef int arrived(self, Buffer buffer, Py_ssize_t stamp_at) except -1
    cdef int settle(self, unsigned long long tag) except -1
    cdef int put_ack(self, unsigned long long tag, int multiple) except -1
