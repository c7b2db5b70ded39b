from leveret.engine.reading cimport Reading, Run

cimport cython

@cython.final
cdef class Spread:
    cdef dict under_way
    cdef Py_ssize_t width
    cdef Py_ssize_t narrow_reads

    cdef int add(self, Reading reading) except -1
    cdef int remove(self, Reading reading) except -1
    cdef Reading covering(self, Run run)
    cdef Py_ssize_t widened(self, Run run) except -1
    cdef int judge(self, Reading reading, Py_ssize_t invited) except -1
