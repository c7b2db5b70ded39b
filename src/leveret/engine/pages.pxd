from leveret.engine.buffer cimport Buffer

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
cdef class Pages:
    cdef list spare
    cdef dict by_number
    cdef readonly Page head
    cdef readonly Page tail
    cdef Page found

    cpdef Page find(self, unsigned long long number)
    cpdef Page open(self, unsigned long long number)
    cpdef int drop(self, Page page) except -1
