from leveret.engine.buffer cimport Buffer
from leveret.engine.route cimport RouteCache

cpdef bint has_close(bytes data, Py_ssize_t skip) except -1
cpdef Py_ssize_t fetch_routes(
    Buffer buffer, Py_ssize_t at, Py_ssize_t end, RouteCache routes
) except -1
cdef int fetch_route(
    Buffer buffer, Py_ssize_t at, Py_ssize_t after, RouteCache routes
) except -1
