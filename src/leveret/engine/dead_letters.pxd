from leveret.engine.buffer cimport Buffer

cdef object message_at(Buffer buffer, Py_ssize_t at)
