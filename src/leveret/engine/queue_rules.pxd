from leveret.engine.agenda cimport Agenda, Appointment
from leveret.engine.buffer cimport Buffer
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
    cdef bint expire(self) except -1
    cdef bint know_head(self, Index index) except -1
    cdef unsigned long long deadline_of(
        self, Buffer buffer, Py_ssize_t at
    ) except? 0xFFFFFFFFFFFFFFFF
