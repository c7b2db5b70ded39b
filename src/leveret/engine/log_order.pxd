from leveret.engine.chunk cimport Chunk

cimport cython

@cython.final
cdef class LogOrder:
    cdef object chunks

    cdef int add(self, Chunk chunk) except -1
    cpdef unsigned long long first_needed(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef Chunk next_behind(self, unsigned long long batch)
