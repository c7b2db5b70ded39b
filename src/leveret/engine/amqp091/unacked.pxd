from leveret.engine.pages cimport Page, Pages

cimport cython

@cython.final
cdef class Unacked:
    cdef Pages pages
    cdef readonly unsigned long long last_tag
    cdef readonly Py_ssize_t count
    cdef readonly Py_ssize_t ceiling
    cdef readonly Py_ssize_t holder
    cdef readonly unsigned long long position
    cdef unsigned long long oldest
    cdef public Py_ssize_t count_max
    cdef public Py_ssize_t got

    cdef bint has_room(self) except -1

    cpdef unsigned long long add(
        self, Py_ssize_t holder, unsigned long long position
    ) except? 0xFFFFFFFFFFFFFFFF
    cpdef unsigned long long skip(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef bint has(self, unsigned long long tag) except -1
    cpdef bint take(self, unsigned long long tag) except -1
    cpdef bint take_oldest(self, unsigned long long tag) except -1
    cpdef list tags(self, unsigned long long last, unsigned long long after=*)
    cdef bint take_at(self, Page page, Py_ssize_t slot) except -1
