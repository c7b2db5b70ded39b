from leveret.engine.buffer cimport Buffer

cimport cython

@cython.final
cdef class Properties:
    cdef readonly bint persistent
    cdef readonly int priority
    cdef readonly bint copied
    cdef readonly Py_ssize_t user_id_at
    cdef readonly Py_ssize_t reply_to_at
    cdef readonly Py_ssize_t expiration_at

    cdef Buffer pseudo_queue

    cpdef int walk(self, Buffer buffer, Py_ssize_t at, Py_ssize_t end) except -1
    cdef int walk_headers(self, Buffer buffer, Py_ssize_t at, Py_ssize_t end) except -1
    cdef Py_ssize_t walk_field(
        self, Buffer buffer, Py_ssize_t at, Py_ssize_t end, int field
    ) except -1
    cdef bint is_pseudo_queue(self, Buffer buffer, Py_ssize_t at, Py_ssize_t end) except -1

cdef int malformed() except -1
cdef int walk_table(Buffer buffer, Py_ssize_t at, Py_ssize_t end, int depth) except -1
cdef int walk_array(Buffer buffer, Py_ssize_t at, Py_ssize_t end, int depth) except -1
cdef Py_ssize_t walk_value(Buffer buffer, Py_ssize_t at, Py_ssize_t end, int depth) except -1
cdef Py_ssize_t fixed_size(int kind) except -2
