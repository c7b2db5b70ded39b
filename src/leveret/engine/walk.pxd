from leveret.engine.folds cimport Folds
from leveret.engine.pages cimport Page

cimport cython

@cython.final
cdef class Walk:
    cdef Page page
    cdef Folds folds
    cdef bint delivered
    cdef Page copied
    cdef unsigned long long folded

    cpdef Page next(self)
