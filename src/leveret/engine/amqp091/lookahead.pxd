cpdef bint has_close(bytes data, Py_ssize_t skip) except -1
