from leveret.engine.buffer cimport Buffer

cimport cython

cdef enum:
    SMALL_BYTES = 131072
    LARGE_BYTES = 622592

@cython.final
cdef class Memory:
    cdef object allocate
    cdef readonly Py_ssize_t limit
    cdef readonly Py_ssize_t low
    cdef readonly Py_ssize_t tight
    cdef readonly Py_ssize_t counted
    cdef readonly Py_ssize_t uncounted
    cdef readonly Py_ssize_t in_use
    cdef readonly bint full
    cdef readonly bint held
    cdef readonly list spare_small
    cdef readonly list spare_large

    cpdef int take(self, Py_ssize_t count) except -1
    cpdef int give(self, Py_ssize_t count) except -1
    cpdef resident(self, Py_ssize_t count)
    cpdef bint relax(self) except -1
    cpdef bint is_tight(self) except -1
    cpdef Buffer buffer(self, Py_ssize_t size)
    cpdef int drop(self, Buffer buffer) except -1
    cpdef Buffer borrow(self, Py_ssize_t needed)
    cpdef int give_back(self, Buffer buffer) except -1
    cpdef drop_spare(self)
