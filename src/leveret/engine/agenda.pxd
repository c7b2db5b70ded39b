cimport cython

@cython.final
cdef class Appointment:
    cdef readonly unsigned long long due
    cdef object call

@cython.final
cdef class Agenda:
    cdef public unsigned long long now
    cdef readonly unsigned long long next_due
    cdef list heap
    cdef unsigned long long entered
    cdef Py_ssize_t stale
    cdef public Py_ssize_t letters_left

    cpdef int arrange(self, Appointment appointment, unsigned long long due) except -1
    cpdef cancel(self, Appointment appointment)
    cpdef set_time(self, unsigned long long now)
    cdef int begin_turn(self) except -1
    cpdef bint is_due(self) except -1
    cpdef call_due(self)
