from leveret.engine.buffer cimport Buffer

cimport cython

@cython.final
cdef class PublishBlock:
    cdef readonly Buffer block
    cdef readonly Py_ssize_t message_count
    cdef Py_ssize_t body_bytes
    cdef Buffer starts
