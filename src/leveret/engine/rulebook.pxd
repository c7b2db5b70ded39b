from leveret.engine.agenda cimport Agenda
from leveret.engine.queue cimport Queue
from leveret.engine.queue_rules cimport QueueRules

cimport cython

@cython.final
cdef class Rulebook:
    cdef Agenda agenda
    cdef dict contents
    cdef object touch
    cdef readonly list turned_away

    cpdef QueueRules rules_of(self, Queue queue)
    cpdef refresh(self, Queue queue)
    cdef int turn_away(self, Queue queue) except -1
    cpdef bury_refused(self, bytes names, bytes properties, bytes body, int priority)
