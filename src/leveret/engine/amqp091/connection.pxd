from leveret.engine.amqp091.channel cimport Channel
from leveret.engine.amqp091.session cimport Session
from leveret.engine.buffer cimport Buffer
from leveret.engine.memory cimport Memory
from leveret.engine.output cimport Output
from leveret.engine.rest cimport Rest
from leveret.engine.shard cimport Shard

cimport cython

@cython.final
cdef class Connection:
    cdef Shard shard
    cdef Memory memory
    cdef object control
    cdef readonly Session session
    cdef Output output
    cdef list channels
    cdef readonly Py_ssize_t channel_count
    cdef Rest rest
    cdef Buffer buffer
    cdef Py_ssize_t at
    cdef Py_ssize_t end
    cdef Py_ssize_t ahead
    cdef bint started
    cdef bint walking
    cdef readonly bint draining
    cdef readonly bint broken
    cdef Py_ssize_t partial_left
    cdef int partial_channel
    cdef Channel found
    cdef int found_number
    cdef Py_ssize_t receive_bytes
    cdef readonly unsigned long long bytes_received
    cdef Py_ssize_t granted
    cdef Py_ssize_t granted_end
    cdef Py_ssize_t acknowledged

    cdef Py_ssize_t room(self) except -1
    cdef int adapt(self, unsigned long long handled) except -1
    cpdef go_on(self, unsigned long long now)
    cdef int let_through(self, Py_ssize_t end) except -1
    cdef int hold(self) except -1
    cdef int lift(self, int reasons) except -1
    cdef int walk_all(self) except -1
    cdef int keep_rest(self) except -1
    cdef int walk(self) except -1
    cdef int frame(
        self, Channel channel, int kind, int number, Py_ssize_t at, Py_ssize_t after
    ) except -1
    cdef int method(self, Channel channel, int number, Py_ssize_t at, Py_ssize_t after) except -1
    cdef bint is_deaf(self, Channel channel, int number, Py_ssize_t method) except -1
    cdef int acknowledge(
        self, Channel channel, int method, Py_ssize_t at, Py_ssize_t after
    ) except -1
    cdef Channel look_up(self, Py_ssize_t number)
    cdef bint start(self) except -1
    cdef int begin_partial(self, int number, Py_ssize_t size) except -1
    cdef bint walk_partial(self) except -1
