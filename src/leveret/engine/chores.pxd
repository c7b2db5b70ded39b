cimport cython

@cython.final
cdef class Chore:
    cdef object step
    cdef object holds
    cdef readonly bint done
    cdef readonly Py_ssize_t count
    cdef list listeners

    cdef Py_ssize_t work(self, Py_ssize_t count_max) except -1
    cpdef when_done(self, listener)

@cython.final
cdef class Chores:
    cdef readonly Py_ssize_t allowance
    cdef readonly object waiting

    cpdef bint begin(self, Chore chore) except -1
    cpdef run(self)
    cpdef int spend(self, Py_ssize_t count) except -1
