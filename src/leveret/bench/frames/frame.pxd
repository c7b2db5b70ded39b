from leveret.engine.buffer cimport Buffer

cdef enum:
    METHOD = 1
    HEADER = 2
    BODY = 3
    FRAME_END = 0xCE
    FRAME_OVERHEAD = 8
    PAYLOAD = 7
    BASIC_CLASS = 0x003C0000
    BASIC_RETURN = 0x003C0032
    BASIC_DELIVER = 0x003C003C
    BASIC_ACK = 0x003C0050
    BASIC_NACK = 0x003C0078

cpdef Py_ssize_t frame_bytes(
    Buffer buffer, Py_ssize_t offset, Py_ssize_t end, Py_ssize_t frame_max
) except -1
