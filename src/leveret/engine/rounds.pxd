from leveret.engine.consumer cimport Consumer

cimport cython

@cython.final
cdef class Round:
    cdef Py_ssize_t priority
    cdef Py_ssize_t member_count
    cdef bint listed
    cdef Consumer head
    cdef Consumer tail
    cdef Consumer turn

    cdef int add(self, Consumer consumer) except -1
    cdef int remove(self, Consumer consumer) except -1

@cython.final
cdef class Rounds:
    cdef Round top
    cdef dict by_priority
    cdef list heap

    cpdef int join(self, Consumer consumer) except -1
    cpdef int leave(self, Consumer consumer) except -1
    cpdef int enter(self, Consumer consumer) except -1
    cpdef int step_out(self, Consumer consumer) except -1
    cpdef Consumer whose_turn(self)
    cpdef int pass_turn(self) except -1
    cpdef clear(self)
    cdef Round round_of(self, Consumer consumer)
    cdef int put_in_heap(self, Round round_) except -1
    cdef bint find_top(self) except -1
    cdef int replace_top(self, Round round_) except -1
    cdef int clear_heap(self) except -1
