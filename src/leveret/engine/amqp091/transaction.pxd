cimport cython

@cython.final
cdef class Transaction:
    cdef readonly list messages
    cdef readonly list settlements
    cdef readonly set tags
    cdef public unsigned long long all_staged_to
    cdef Py_ssize_t bytes_max
    cdef Py_ssize_t bytes_staged
    cdef public bint committing
