from leveret.engine.folds cimport Folds
from leveret.engine.pages cimport Page, Pages

cimport cython

cdef enum:
    GONE = 0
    READY = 1
    UNACKED = 2
    REDELIVERED = 8
    UNWEIGHED = 16

@cython.final
cdef class Index:
    cdef readonly Pages pages
    cdef public unsigned long long next_position
    cdef Page cursor
    cdef Py_ssize_t cursor_slot
    cdef readonly Folds folds
    cdef Page filled
    cdef Page visited

    cpdef unsigned long long append(self, unsigned long long location) except? 0xFFFFFFFFFFFFFFFF
    cpdef bint put(self, unsigned long long position, unsigned long long location) except -1
    cpdef bint seek_ready(self) except -1
    cpdef unsigned long long cursor_entry(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef unsigned long long cursor_position(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef int take_unacked(self) except -1
    cpdef int take_away(self) except -1
    cpdef int rewind(self) except -1
    cpdef unsigned long long take_any(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef unsigned long long entry(self, unsigned long long position) except? 0xFFFFFFFFFFFFFFFF
    cpdef unsigned long long remove(self, unsigned long long position) except? 0xFFFFFFFFFFFFFFFF
    cpdef bint requeue(self, unsigned long long position) except -1
    cpdef bint mark_redelivered(self, unsigned long long position) except -1
    cpdef int mark_redelivered_within(
        self, unsigned long long first, unsigned long long last
    ) except -1
    cpdef bint relocate(self, unsigned long long position, unsigned long long old,
                        unsigned long long new) except -1
    cpdef int unweigh(self, unsigned long long position) except -1
    cpdef bint weigh(self, unsigned long long position) except -1
    cdef Page find(self, unsigned long long number)
    cdef Page page_from(self, unsigned long long number)
    cdef Page page_within(self, unsigned long long number, unsigned long long last)
    cdef Page after(self, Page page)
    cdef Page behind(self, unsigned long long number, Page before)
    cdef Page visit(self, unsigned long long number)
    cdef Page unfold(self, unsigned long long number, Page before, bint ahead)
    cdef Page open(self, unsigned long long number)
    cdef int make_room(self) except -1
    cdef bint fold(self, Page page, unsigned long long near) except -1
    cdef int drop(self, Page page) except -1
    cdef int forget(self, Page page) except -1
    cdef unsigned long long pack(self, int state, unsigned long long location) noexcept
