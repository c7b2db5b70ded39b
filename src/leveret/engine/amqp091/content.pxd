from leveret.engine.amqp091.properties cimport Properties
from leveret.engine.amqp091.session cimport Session
from leveret.engine.buffer cimport Buffer

cimport cython

cdef enum:
    IDLE = 0
    HEADER = 1
    BODY = 2

@cython.final
cdef class Content:
    cdef Session session
    cdef int channel
    cdef readonly int state
    cdef Properties walked
    cdef Buffer properties
    cdef Py_ssize_t properties_length
    cdef Py_ssize_t expiration
    cdef Py_ssize_t body_size
    cdef Py_ssize_t received
    cdef Buffer body
    cdef public bytes reply_address

    cdef int begin(self) except -1
    cdef int header(self, Buffer buffer, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int keep_properties(self, Buffer buffer, Py_ssize_t at, Py_ssize_t length) except -1
    cdef int check_user(self, Buffer buffer, Py_ssize_t at) except -1
    cdef unsigned long long expiry(self, unsigned long long now) except? 0xFFFFFFFFFFFFFFFF
    cdef Py_ssize_t read_expiration(self, Buffer buffer, Py_ssize_t at) except? -1
    cdef int keep_address(self, Buffer buffer, Py_ssize_t at, Py_ssize_t length) except -1
    cdef int replace_properties(self, bytes properties) except -1
    cdef int expect_body(self, Py_ssize_t count) except -1
    cdef int gather(self, Buffer buffer, Py_ssize_t at, Py_ssize_t count) except -1
    cdef int grow(self, Py_ssize_t needed) except -1
    cdef int finish(self) except -1
    cdef int not_a_header(self, int class_id, int weight) except -1
    cdef int unexpected(self) except -1
