from leveret.engine.amqp091.unacked cimport Unacked
from leveret.engine.buffer cimport Buffer
from leveret.engine.consumer cimport Consumer
from leveret.engine.queue cimport Queue

cdef class ChannelConsumer(Consumer):
    cdef Unacked unacked
    cdef readonly Queue queue
    cdef readonly bytes tag
    cdef int channel
    cdef readonly Py_ssize_t holder
    cdef Py_ssize_t body_bytes_max
    cdef Py_ssize_t plain_bytes_max
    cdef object delivered
    cdef unsigned long long header_head
    cdef unsigned long long body_head
    cdef Buffer head
    cdef Py_ssize_t head_length

    cdef bint has_credit(self) except -1
    cdef int deliver(
        self, Buffer chunk, Py_ssize_t at, unsigned long long position, bint redelivered
    ) except -1
    cdef int tell(self, object delivered) except -1
    cdef int tell_delivered(
        self, object delivered, Buffer chunk, Py_ssize_t at, bint redelivered
    ) except -1
    cdef Py_ssize_t frames_bytes(
        self, Py_ssize_t properties_length, Py_ssize_t body_length
    ) except -1
    cdef Py_ssize_t write_parts(
        self, Buffer buffer, Py_ssize_t end, Buffer chunk, Py_ssize_t at, Py_ssize_t left
    ) except -1
