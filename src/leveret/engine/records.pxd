from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport ByAge, Chunk
from leveret.engine.memory cimport Memory

cimport cython

cdef enum:
    LENGTH = 0
    REFERENCES = 4
    KIND = 4
    ARRIVAL = 8
    EXPIRY = 16
    BODY_LENGTH = 24
    PROPERTIES_LENGTH = 28
    NAMES_LENGTH = 32
    PROTOCOL = 34
    PRIORITY = 35
    TARGETS = 36
    HEAD_BYTES = 40
    TARGET_BYTES = 16
    ENQUEUE = 1
    BATCH_HEAD_BYTES = 48
    BATCH_MAGIC = 0x4C565242
    SURVIVORS = 0
    RETURNED = 1
    INVITED = 2

@cython.final
cdef class Records:
    cdef Memory memory
    cdef readonly list chunks
    cdef list free_numbers
    cdef readonly list spare
    cdef readonly list sparse
    cdef readonly list thin
    cdef readonly Py_ssize_t live_count
    cdef readonly Py_ssize_t memory_bytes
    cdef readonly Py_ssize_t stored_count
    cdef readonly Py_ssize_t stored_bytes
    cdef readonly object store
    cdef readonly object log
    cdef readonly ByAge by_age
    cdef readonly ByAge log_by_age
    cdef readonly Py_ssize_t log_bytes
    cdef readonly ByAge guests_by_age
    cdef readonly Py_ssize_t guest_bytes
    cdef Chunk current
    cdef list beside
    cdef Buffer written
    cdef Py_ssize_t next_target

    cdef unsigned long long append(
        self,
        Chunk chunk,
        Py_ssize_t length,
        Buffer names,
        Py_ssize_t names_length,
        Buffer properties,
        Py_ssize_t properties_length,
        Buffer body,
        Py_ssize_t body_offset,
        Py_ssize_t body_length,
        Py_ssize_t targets,
        unsigned long long arrival,
        int priority,
    ) except? 0xFFFFFFFFFFFFFFFF
    cdef int add_target(self, unsigned long long queue, unsigned long long position) except -1
    cdef Chunk chunk_of(self, unsigned long long location)
    cdef int release(self, unsigned long long location) except -1
    cdef int release_in(self, Chunk chunk, Py_ssize_t at) except -1
    cdef int release_logged(self, Chunk chunk) except -1
    cdef int forget_if_done(self, Chunk chunk) except -1
    cdef int emptied(self, Chunk chunk) except -1
    cdef int thinned(self, Chunk chunk) except -1
    cdef Chunk room(self, Py_ssize_t length)
    cdef int retire(self, Chunk chunk) except -1
    cdef Chunk own_chunk(self, Py_ssize_t length)
    cdef Chunk open_chunk(self, Py_ssize_t size, int kind)
    cdef int complete_log_chunk(self, Chunk chunk) except -1
    cdef int close_chunk(self, Chunk chunk) except -1
    cdef int free_number(self, Chunk chunk) except -1
    cdef int drop_buffer(self, Chunk chunk) except -1
    cdef int drop(self, Buffer buffer) except -1
    cpdef drop_spare(self)
    cdef int enter(self, Chunk chunk) except -1
    cdef int leave(self, Chunk chunk) except -1
    cdef int release_stored(self, Chunk chunk, Py_ssize_t count) except -1
    cdef int to_store(self, Chunk chunk) except -1
    cdef int out_of_store(self, Chunk chunk) except -1
    cdef int from_store(self, Chunk chunk, Buffer buffer) except -1
    cdef Chunk room_beside(self, int purpose, Py_ssize_t length)
    cdef unsigned long long bring(
        self, Buffer source, Py_ssize_t at, Py_ssize_t length, Py_ssize_t references, int purpose
    ) except? 0xFFFFFFFFFFFFFFFF
    cdef bint evict(self, Chunk chunk) except -1
    cdef int back_from_log(self, Chunk chunk, Buffer buffer) except -1
    cdef unsigned long long home_of(self, Chunk chunk, Py_ssize_t at) except? 0xFFFFFFFFFFFFFFFF
    cdef unsigned long long move(self, Chunk chunk, Py_ssize_t at) except? 0xFFFFFFFFFFFFFFFF

cdef Py_ssize_t next_message(Buffer buffer, Py_ssize_t at, Py_ssize_t end) except -1

cdef Py_ssize_t record_bytes(
    Py_ssize_t targets,
    Py_ssize_t names_length,
    Py_ssize_t properties_length,
    Py_ssize_t body_length,
) noexcept
