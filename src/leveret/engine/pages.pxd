from leveret.engine.buffer cimport Buffer
from leveret.engine.memory cimport Memory

cimport cython

cdef enum:
    PAGE_SLOTS = 512

@cython.final
cdef class Page:
    cdef readonly Buffer buffer
    cdef public unsigned long long number
    cdef public Py_ssize_t live
    cdef public Py_ssize_t ready
    cdef readonly Page next
    cdef readonly Page previous

@cython.final
cdef class PagePool:
    cdef readonly Memory memory
    cdef readonly list spare
    cdef readonly Py_ssize_t in_use
    cdef public Py_ssize_t fold_above
    cdef readonly object store
    cdef object make_store

    cpdef fold_into(self, object make_store)
    cpdef object open_store(self)
    cpdef close_store(self)
    cpdef bint is_crowded(self) except -1
    cpdef Page take(self)
    cpdef int give_back(self, Page page) except -1
    cpdef drop_spare(self)

@cython.final
cdef class Pages:
    cdef readonly PagePool pool
    cdef dict by_number
    cdef readonly Page head
    cdef readonly Page tail
    cdef Page found

    cpdef Page find(self, unsigned long long number)
    cpdef Page floor(self, unsigned long long number, Page near)
    cpdef Page open(self, unsigned long long number)
    cpdef Page link(self, Page page, unsigned long long number, Page before)
    cpdef int drop(self, Page page) except -1
    cpdef int clear(self, Page page) except -1

cdef Page nearest(unsigned long long number, Page page, Page other)
cdef unsigned long long distance(unsigned long long number, Page page) noexcept
