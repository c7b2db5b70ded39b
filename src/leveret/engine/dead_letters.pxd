from leveret.engine.buffer cimport Buffer

cdef Buffer with_properties(Buffer buffer, Py_ssize_t at, bytes properties)
cdef object message_at(Buffer buffer, Py_ssize_t at)
