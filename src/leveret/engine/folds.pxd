from leveret.engine.buffer cimport Buffer
from leveret.engine.memory cimport Memory
from leveret.engine.pages cimport Page

cimport cython

@cython.final
cdef class Fold:
    cdef readonly unsigned long long block
    cdef readonly object place
    cdef readonly unsigned long long folded
    cdef readonly unsigned long long delivered
    cdef readonly unsigned long long full

@cython.final
cdef class Folds:
    cdef object store
    cdef Memory memory
    cdef readonly list folds

    cpdef unsigned long long lowest_from(
        self, unsigned long long number, bint delivered=*
    ) except? 0xFFFFFFFFFFFFFFFF
    cdef int full_from(self, unsigned long long number) except -1
    cpdef bint has(self, unsigned long long number) except -1
    cpdef bint keep(self, Page page) except -1
    cpdef int bring(self, unsigned long long number, Page page, bint ahead) except -1
    cpdef int copy(self, unsigned long long number, Page page) except -1
    cdef int expect(self, unsigned long long number) except -1
    cdef Fold fold_of(self, unsigned long long number)
    cdef Py_ssize_t search(self, unsigned long long block) except -1
    cdef Fold open(self, unsigned long long block)
    cdef int close_if_empty(self, Fold fold) except -1

cdef int lowest_bit(unsigned long long bits) noexcept
cdef int count(Page page) except -1
cdef bint was_delivered(Buffer buffer) except -1
