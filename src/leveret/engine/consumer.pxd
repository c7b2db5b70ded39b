from leveret.engine.buffer cimport Buffer
from leveret.engine.output cimport Output

cdef enum:
    IN_ROUND = 0
    FOR_CREDIT = 1
    FOR_OUTPUT = 2
    FOR_TURN = 3

cdef class Consumer:
    cdef readonly Output output
    cdef public Py_ssize_t credit_max
    cdef readonly bint settled
    cdef public Py_ssize_t unacked_count
    cdef readonly Py_ssize_t priority
    cdef public int parked
    cdef public bint closed
    cdef Consumer next
    cdef Consumer previous

    cdef bint has_credit(self) except -1
    cdef int deliver(
        self, Buffer chunk, Py_ssize_t at, unsigned long long position, bint redelivered
    ) except -1
