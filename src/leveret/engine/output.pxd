from leveret.engine.buffer cimport Buffer
from leveret.engine.memory cimport Memory

cimport cython

@cython.final
cdef class Outputs:
    cdef readonly Memory memory
    cdef readonly list written
    cdef Py_ssize_t share
    cdef readonly Py_ssize_t held_bytes
    cdef readonly Py_ssize_t full_bytes

    cdef bint is_crowded(self) except -1
    cpdef Buffer borrow(self, Py_ssize_t needed)
    cpdef int give_back(self, Buffer buffer) except -1
    cdef int hold(self, Py_ssize_t count) except -1

@cython.final
cdef class Output:
    cdef readonly object owner
    cdef Outputs outputs
    cdef Buffer buffer
    cdef Py_ssize_t start
    cdef Py_ssize_t end
    cdef public bint listed
    cdef readonly list waiting
    cdef readonly unsigned long long sent_bytes
    cdef public unsigned long long oversized_count
    cdef Py_ssize_t answers

    cdef Buffer reserve(self, Py_ssize_t count)
    cdef int grow(self, Py_ssize_t count) except -1
    cdef int move(self, Buffer buffer) except -1
    cpdef write(self, bytes data)
    cpdef bint is_full(self) except -1
    cpdef unsigned long long position(self) except? 0xFFFFFFFFFFFFFFFF
    cpdef bint answered(self, unsigned long long since) except -1
    cdef bint is_sparse(self) except -1
    cpdef memoryview pending(self)
    cpdef sent(self, Py_ssize_t count)
    cpdef clear(self)
