from leveret.engine.chunk cimport Chunk
from leveret.engine.consumer cimport Consumer
from leveret.engine.index cimport Index
from leveret.engine.journal cimport Journal
from leveret.engine.levels cimport Levels
from leveret.engine.pages cimport PagePool
from leveret.engine.records cimport Records
from leveret.engine.rounds cimport Rounds
from leveret.engine.rules cimport Rules

cimport cython

cdef enum:
    KEEPS_NOTHING = 0
    KEEPS_PERSISTENT = 1
    KEEPS_ALL = 2
    ACCEPTED = 0
    RELEASED = 1
    FAILED = 2
    REJECTED = 3

cdef Queue named_queue(list queues, Py_ssize_t number)

@cython.final
cdef class Queue:
    cdef readonly Py_ssize_t number
    cdef readonly unsigned long long identity
    cdef readonly Records records
    cdef readonly Journal journal
    cdef readonly int keeps
    cdef unsigned long long settled_batch
    cdef Py_ssize_t settled_at
    cdef unsigned long long settled_last
    cdef readonly Index index
    cdef readonly Levels levels
    cdef PagePool page_pool
    cdef Rounds rounds
    cdef public Rules rules
    cdef readonly Py_ssize_t consumer_count
    cdef readonly Py_ssize_t ready_count
    cdef readonly Py_ssize_t ready_bytes
    cdef readonly Py_ssize_t unacked_count
    cdef public bint dirty
    cdef public Py_ssize_t held_count
    cdef readonly bint closed
    cdef list wanting
    cdef public bint wants
    cdef public Py_ssize_t readings
    cdef public unsigned long long asked_until
    cdef public unsigned long long welcome_until
    cdef public unsigned long long recall_at
    cdef public unsigned long long last_recall
    cdef list waiters

    cdef bint accepts(self, Py_ssize_t body_length) except -1
    cdef bint accepted(self) except -1
    cpdef keep(self, int keeps, unsigned long long identity)
    cdef bint restore(
        self,
        unsigned long long position,
        unsigned long long location,
        Py_ssize_t body_length,
        bint redelivered,
    ) except -1
    cdef int forget(self, unsigned long long first, unsigned long long last) except -1
    cdef unsigned long long enqueue(
        self, unsigned long long location, Py_ssize_t body_length
    ) except? 0xFFFFFFFFFFFFFFFF
    cpdef bint deliver(self) except -1
    cdef bint serve(self) except -1
    cdef bint deliver_next(self, Consumer consumer) except -1
    cdef bint deliver_head(self, Consumer consumer) except -1
    cdef Index index_at(self, unsigned long long position)
    cdef bint relocate(
        self, unsigned long long position, unsigned long long old, unsigned long long new
    ) except -1
    cdef Index index_for(self, unsigned long long position)
    cpdef have_levels(self)
    cdef unsigned long long append_to_level(
        self, unsigned long long location
    ) except? 0xFFFFFFFFFFFFFFFF
    cdef int left(self, unsigned long long position) except -1
    cpdef list indexes(self)
    cpdef purge_levels(self, unsigned long long end, Py_ssize_t count_max)
    cdef int drop_head(self) except -1
    cdef int want(self) except -1
    cdef bint is_due(self) except -1
    cdef bint is_next_here(self) except -1
    cdef list take_waiters(self)
    cdef int give_back(self, unsigned long long position, int outcome) except -1
    cpdef int settle(self, unsigned long long position) except -1
    cdef int let_go(self, Chunk chunk, Py_ssize_t at, unsigned long long position) except -1
    cdef int log_settled(
        self, Chunk chunk, Py_ssize_t at, unsigned long long position
    ) except -1
    cpdef int requeue(self, unsigned long long position) except -1
    cdef int weigh(self, unsigned long long position, Py_ssize_t body_length) except -1
    cdef int lighten(self, unsigned long long entry) except -1
    cpdef log_dropped(self, bytes key=*)
    cpdef close(self)
    cpdef add_consumer(self, Consumer consumer)
    cpdef remove_consumer(self, Consumer consumer)
    cdef int succeed(self, Consumer successor) except -1
    cdef int park(self, Consumer consumer) except -1
    cpdef bint unpark(self, Consumer consumer) except -1
