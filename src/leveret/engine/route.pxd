from leveret.engine.buffer cimport Buffer

cimport cython

@cython.final
cdef class Exchange:
    cdef readonly unsigned long long generation

    cpdef changed(self)

@cython.final
cdef class Route:
    cdef readonly Exchange exchange
    cdef readonly Exchange source
    cdef readonly unsigned long long generation
    cdef readonly Py_ssize_t queue_count
    cdef readonly bint by_content
    cdef Py_ssize_t first_queue
    cdef Buffer queues
    cdef Py_ssize_t uses

    cpdef Py_ssize_t queue(self, Py_ssize_t index) except -1
    cpdef bint is_good(self) except -1
    cpdef tuple meaning(self)

@cython.final
cdef class RouteCache:
    cdef unsigned long long seed
    cdef Py_ssize_t rows_max
    cdef Py_ssize_t row_count
    cdef Py_ssize_t rows_tried
    cdef Buffer rows
    cdef list long_names
    cdef list routes
    cdef list free_numbers
    cdef dict numbers
    cdef readonly Py_ssize_t count
    cdef readonly Py_ssize_t target_count
    cdef Py_ssize_t victim

    cpdef clear(self)
    cdef int lay_out(self, Py_ssize_t row_count) except -1
    cdef Route look_up(self, Buffer names, Py_ssize_t at, Py_ssize_t length)
    cdef int fetch(self, Buffer names, Py_ssize_t at, Py_ssize_t length) except -1
    cdef bint is_far(self) except -1
    cdef Py_ssize_t row_of(self, Buffer names, Py_ssize_t at, Py_ssize_t length) except -2
    cdef Py_ssize_t home_of(self, Buffer names, Py_ssize_t at, Py_ssize_t length) except -1
    cdef Py_ssize_t number_of(self, Route route) except -1
    cdef int place(self, Buffer names, Py_ssize_t number) except -1
    cdef Py_ssize_t row_for(self, Buffer names) except -1
    cdef int empty(self, Py_ssize_t row) except -1
    cdef int release(self, Py_ssize_t number) except -1
    cdef int grow(self) except -1
    cdef unsigned long long hash_of(
        self, Buffer names, Py_ssize_t at, Py_ssize_t length
    ) except? 0xFFFFFFFFFFFFFFFF

cdef Buffer names_of(bytes exchange, bytes routing_key)
cdef Buffer names_in(Buffer rows, Py_ssize_t row, Buffer whole)
