from leveret.engine.buffer cimport Buffer
from leveret.engine.index cimport Index
from leveret.engine.pages cimport PagePool

cimport cython

cdef enum:
    LEVEL_SHIFT = 48

@cython.final
cdef class Levels:
    cdef PagePool pages
    cdef list indexes
    cdef Buffer ready
    cdef Buffer ends
    cdef Buffer offered
    cdef Py_ssize_t highest_used
    cdef readonly int highest
    cdef Py_ssize_t top
    cdef readonly Index head

    cdef Index index_of(self, Py_ssize_t level)
    cdef Index index_at(self, unsigned long long position)
    cdef unsigned long long append(
        self, int priority, unsigned long long location
    ) except? 0xFFFFFFFFFFFFFFFF
    cdef int came(self, unsigned long long position) except -1
    cdef int went(self, unsigned long long position) except -1
    cdef int mark_ends(self) except -1
    cdef bint is_marked(self, unsigned long long position) except -1
    cdef int mark_offered(self) except -1
    cdef bint was_offered(self, unsigned long long position) except -1
    cdef int mark(self, Buffer marks) except -1
    cpdef list every(self)
