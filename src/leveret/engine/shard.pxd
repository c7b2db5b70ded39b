from leveret.engine.buffer cimport Buffer
from leveret.engine.journal cimport Journal
from leveret.engine.queue cimport Queue
from leveret.engine.records cimport Chunk, Records
from leveret.engine.route cimport Route

cimport cython

@cython.final
cdef class Shard:
    cdef readonly unsigned long long seed
    cdef readonly Records records
    cdef readonly Journal journal
    cdef unsigned long long kept_count
    cdef readonly bint logged
    cdef readonly unsigned long long batch
    cdef list waiting
    cdef readonly list queues
    cdef list free_numbers
    cdef list spare_pages
    cdef list dirty
    cdef list owing
    cdef list outputs
    cdef list spare_outputs
    cdef list spare_carries
    cdef Buffer receive
    cdef bint refused

    cdef bint publish(
        self,
        Route route,
        Buffer properties,
        Py_ssize_t properties_length,
        Buffer body,
        Py_ssize_t body_offset,
        Py_ssize_t body_length,
        unsigned long long arrival,
        int priority,
        bint persistent,
    ) except -1
    cdef Py_ssize_t count_targets(self, Route route, bint persistent) except -1
    cdef int touch(self, Queue queue) except -1
    cdef Buffer take_carry(self, Py_ssize_t needed)
    cdef int give_back_carry(self, Buffer buffer) except -1
    cdef int compact(self) except -1
    cdef int move(self, Chunk chunk, Py_ssize_t at) except -1
