from leveret.engine.consumer cimport Consumer

cdef class Rules:
    cdef readonly bint accepted

    cdef bint accepts(self, Py_ssize_t body_length) except -1
    cdef bint deliver(self) except -1
    cdef bint deliver_next(self, Consumer consumer) except -1
    cdef bint is_next_here(self) except -1
    cdef int give_back(self, unsigned long long position, int outcome) except -1
    cdef bint admits(self, Consumer consumer) except -1
    cdef Consumer successor(self, Consumer consumer)
    cdef int gone(self, unsigned long long position) except -1
    cdef int closed(self) except -1
