from leveret.engine.amqp091.confirms cimport Confirms
from leveret.engine.amqp091.consumer cimport ChannelConsumer
from leveret.engine.amqp091.content cimport Content
from leveret.engine.amqp091.holders cimport Holders
from leveret.engine.amqp091.session cimport Session
from leveret.engine.amqp091.transaction cimport Transaction
from leveret.engine.amqp091.unacked cimport Unacked
from leveret.engine.buffer cimport Buffer
from leveret.engine.route cimport Exchange, Route

cimport cython

@cython.final
cdef class Channel:
    cdef Session session
    cdef readonly int number
    cdef readonly Content content
    cdef readonly Unacked unacked
    cdef readonly Holders holders
    cdef Route route
    cdef Buffer names
    cdef Py_ssize_t names_length
    cdef list permitted
    cdef Transaction transaction
    cdef int flags
    cdef readonly Confirms confirms
    cdef bint owing
    cdef bint sharing
    cdef Py_ssize_t next_to_share
    cdef public bint failed
    cdef readonly bint closed

    cdef int publish(self, Buffer buffer, Py_ssize_t at, Py_ssize_t end) except -1
    cdef int malformed_publish(self) except -1
    cdef int find_route(
        self, Buffer buffer, Py_ssize_t names, Py_ssize_t key, Py_ssize_t after
    ) except -1
    cdef bint is_permitted(self, Exchange exchange) except -1
    cdef int permit(self, Exchange exchange) except -1
    cdef int header(self, Buffer buffer, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int body(self, Buffer buffer, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int body_gathered(self) except -1
    cdef int store(self, Buffer body, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int stage(self, Buffer body, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int find_staged_route(self, Buffer names) except -1
    cdef int renew_route(self) except -1
    cdef Route route_content(self, Buffer body, Py_ssize_t at, Py_ssize_t size)
    cdef int send_back(self, Buffer body, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int confirm(self, bint accepted, bint logged) except -1
    cdef int owe(self) except -1
    cdef int share_later(self, Py_ssize_t first) except -1
    cdef int renew_credit(self, ChannelConsumer consumer) except -1
    cdef int acknowledge(
        self, unsigned long long tag, bint multiple, int outcome, int method
    ) except -1
    cdef int stage_settlement(
        self, unsigned long long tag, bint multiple, int outcome, int method
    ) except -1
    cdef int settle_up_to(self, unsigned long long tag, int outcome) except -1
    cpdef settle_oldest(self, unsigned long long tag, int outcome, Py_ssize_t count_max)
    cdef int unknown_tag(self, unsigned long long tag, int method) except -1
    cdef int settle_taken(self, int outcome) except -1
