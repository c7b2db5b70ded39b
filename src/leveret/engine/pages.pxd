from leveret.engine.buffer cimport Buffer
from leveret.engine.memory cimport Memory

cimport cython

cdef enum:
    PAGE_SLOTS = 512

@cython.final
cdef class Page:
    cdef readonly Buffer buffer
    cdef readonly unsigned long long number
    cdef public Py_ssize_t live
    cdef public Py_ssize_t ready
    cdef readonly Page next
    cdef readonly Page previous

@cython.final
cdef class PagePool:
    cdef Memory memory
    cdef readonly list spare

    cpdef Page take(self)
    cpdef int give_back(self, Page page) except -1
    cpdef drop_spare(self)

@cython.final
cdef class Pages:
    cdef PagePool pool
    cdef dict by_number
    cdef readonly Page head
    cdef readonly Page tail
    cdef Page found

    cpdef Page find(self, unsigned long long number)
    cpdef Page open(self, unsigned long long number)
    cpdef int drop(self, Page page) except -1
