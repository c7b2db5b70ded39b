from leveret.engine.agenda cimport Agenda, Appointment
from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport Chunk
from leveret.engine.consumer cimport Consumer
from leveret.engine.index cimport Index
from leveret.engine.queue cimport Queue
from leveret.engine.rules cimport Rules

cimport cython

@cython.final
cdef class QueueRules(Rules):
    cdef readonly Queue queue
    cdef Agenda agenda
    cdef Appointment appointment
    cdef readonly bint expiring
    cdef readonly unsigned long long message_ttl
    cdef readonly bint limited
    cdef readonly bint refusing
    cdef readonly Py_ssize_t count_max
    cdef readonly Py_ssize_t bytes_max
    cdef readonly object dead_letters
    cdef readonly bint burying_refused
    cdef dict doomed
    cdef bint quiet
    cdef dict contents
    cdef bint counting
    cdef Py_ssize_t failures_max
    cdef readonly dict counts
    cdef bint single
    cdef readonly Consumer active
    cdef list waiting
    cdef unsigned long long offered_until
    cdef bint serving
    cdef unsigned long long head_position
    cdef unsigned long long head_deadline
    cdef Py_ssize_t drops_left

    cpdef expires_some(self)
    cdef bint has_room(self, Py_ssize_t body_length) except -1
    cdef bint fits(self) except -1
    cdef int drop_excess(self) except -1
    cdef bint tidy(self) except -1
    cpdef recount(
        self,
        unsigned long long position,
        unsigned long long failures,
        unsigned long long deliveries,
    )
    cdef bint deliver_counted(
        self,
        Consumer consumer,
        unsigned long long position,
        unsigned long long failures,
        unsigned long long deliveries,
    ) except -1
    cdef Buffer counted(
        self,
        Buffer buffer,
        Py_ssize_t at,
        unsigned long long failures,
        unsigned long long deliveries,
    )
    cdef int log_count(self, unsigned long long position) except -1
    cdef int die(self, unsigned long long position, str reason) except -1
    cdef int mark_offered(self) except -1
    cdef bint clear_head(self) except -1
    cdef bint has_expired(self) except -1
    cdef bint drop_head(self, str reason) except -1
    cdef int bury(self, unsigned long long position, str reason) except -1
    cdef int send_away(self, Chunk chunk, Py_ssize_t at, str reason) except -1
    cpdef send_refused(self, bytes names, bytes properties, bytes body, int priority)
    cdef bint know_head(self, Index index) except -1
    cdef unsigned long long deadline_of(
        self, Buffer buffer, Py_ssize_t at
    ) except? 0xFFFFFFFFFFFFFFFF
