from leveret.engine.buffer cimport Buffer
from leveret.engine.output cimport Output
from leveret.engine.route cimport RouteCache
from leveret.engine.shard cimport Shard

cimport cython

cdef enum:
    ASKED = 1
    STALLED = 2
    HELD = 4

@cython.final
cdef class Session:
    cdef Shard shard
    cdef object control
    cdef Output output
    cdef RouteCache routes
    cdef Buffer user
    cdef Py_ssize_t frame_max
    cdef Py_ssize_t message_bytes_max
    cdef Py_ssize_t unfinished_bytes_max
    cdef Py_ssize_t transaction_bytes_max
    cdef Py_ssize_t unacked_max
    cdef Py_ssize_t unfinished_bytes
    cdef unsigned long long handled
    cdef bint scattered
    cdef unsigned long long now
    cdef int paused
    cdef bint publisher
    cdef public object delivered

    cdef int answered(self, unsigned long long since) except -1
    cdef int become_publisher(self) except -1
    cdef int leave(self) except -1
