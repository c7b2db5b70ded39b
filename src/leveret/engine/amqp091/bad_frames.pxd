cpdef int unknown_type(int kind) except -1
cpdef int too_large(int kind, Py_ssize_t size, Py_ssize_t frame_max) except -1
cpdef int wrong_end(int kind, int octet) except -1
cpdef int bad_heartbeat(bytes payload) except -1
