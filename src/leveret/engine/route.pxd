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
    cdef Buffer names
    cdef Py_ssize_t names_length
    cdef unsigned long long hash

    cpdef Py_ssize_t queue(self, Py_ssize_t index) except -1
    cpdef bint is_good(self) except -1
    cdef int forget(self) except -1
    cdef int name(self, Buffer names, Py_ssize_t names_length) except -1

@cython.final
cdef class RouteCache:
    cdef unsigned long long seed
    cdef Py_ssize_t buckets
    cdef Py_ssize_t buckets_max
    cdef list routes
    cdef Buffer rows
    cdef readonly Py_ssize_t count
    cdef readonly Py_ssize_t target_count
    cdef Py_ssize_t victim

    cpdef clear(self)
    cdef Route look_up(self, Buffer names, Py_ssize_t at, Py_ssize_t length)
    cdef bint has_names(
        self, Py_ssize_t way, Buffer names, Py_ssize_t at, Py_ssize_t length
    ) except -1
    cdef Py_ssize_t bucket_of(self, unsigned long long hash_) except -1
    cdef int place(self, Route route) except -1
    cdef int keep(self, Py_ssize_t way, Route route) except -1
    cdef int grow(self) except -1
    cdef unsigned long long hash_of(
        self, Buffer names, Py_ssize_t at, Py_ssize_t length
    ) except? 0xFFFFFFFFFFFFFFFF

cdef Buffer names_of(bytes exchange, bytes routing_key)
