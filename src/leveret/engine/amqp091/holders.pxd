from leveret.engine.amqp091.consumer cimport ChannelConsumer
from leveret.engine.amqp091.session cimport Session
from leveret.engine.amqp091.unacked cimport Unacked
from leveret.engine.queue cimport Queue

cimport cython

@cython.final
cdef class Holders:
    cdef Session session
    cdef Unacked unacked
    cdef int channel
    cdef readonly list by_number
    cdef list free_numbers
    cdef dict takers

    cdef ChannelConsumer at(self, Py_ssize_t number)
    cpdef int tell(self, object delivered) except -1
    cpdef int free(self, ChannelConsumer holder) except -1
