from leveret.engine.chunk cimport Chunk
from leveret.engine.buffer cimport Buffer
from leveret.engine.queue cimport Queue
from leveret.engine.shard cimport Shard

cimport cython

@cython.final
cdef class Replay:
    cdef readonly Shard shard
    cdef bint redelivered
    cdef bint may_come_again
    cdef readonly dict definitions
    cdef dict claimed
    cdef dict dropped

    cdef int records(self, Chunk chunk, Py_ssize_t length) except -1
    cdef int record(self, Chunk chunk, Py_ssize_t at, Py_ssize_t length) except -1
    cdef int enqueue(self, Chunk chunk, Py_ssize_t at, Py_ssize_t length) except -1
    cdef int run(self, Chunk chunk, int kind, Py_ssize_t at, Py_ssize_t length) except -1
    cdef int count(self, Buffer buffer, Py_ssize_t at) except -1
    cdef int drop(self, unsigned long long identity) except -1
    cdef int define(self, Chunk chunk, Py_ssize_t at, Py_ssize_t length) except -1
    cdef Queue queue(self, unsigned long long identity)
    cdef bint is_dropped(self, unsigned long long identity) except -1
    cdef int forget(self, Queue queue) except -1
