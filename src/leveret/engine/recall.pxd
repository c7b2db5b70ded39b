from leveret.engine.buffer cimport Buffer
from leveret.engine.chunk cimport Chunk
from leveret.engine.guests cimport Guests
from leveret.engine.memory cimport Memory
from leveret.engine.queue cimport Queue
from leveret.engine.records cimport Records

cimport cython

@cython.final
cdef class Run:
    cdef Chunk chunk
    cdef Queue queue
    cdef readonly unsigned long long first
    cdef Py_ssize_t start
    cdef Py_ssize_t last
    cdef Py_ssize_t end

@cython.final
cdef class Reading:
    cdef readonly Chunk chunk
    cdef readonly Py_ssize_t number
    cdef readonly Py_ssize_t offset
    cdef readonly Py_ssize_t count
    cdef readonly Buffer buffer
    cdef Py_ssize_t last
    cdef list queues
    cdef bint for_space
    cdef bint for_copy

@cython.final
cdef class Recall:
    cdef Records records
    cdef Memory memory
    cdef list queues
    cdef Guests guests
    cdef readonly list wanting
    cdef list spare
    cdef readonly Py_ssize_t reading_bytes
    cdef readonly Py_ssize_t reading_count
    cdef public Py_ssize_t reading_bytes_max
    cdef public Py_ssize_t ahead_bytes_max
    cdef unsigned long long asks
    cdef bint emptying
    cdef dict under_way
    cdef readonly Py_ssize_t spread
    cdef Py_ssize_t narrow_reads

    cdef list ask(self)
    cdef int give_back(self, Buffer buffer) except -1
    cpdef drop_spare(self)
    cdef bint has_room(self) except -1
    cdef Py_ssize_t plan(self, Queue queue, list runs) except -1
    cdef Py_ssize_t window_of(self, Queue queue) except -1
    cdef Py_ssize_t look_ahead(
        self, Queue queue, list runs, unsigned long long begin, Py_ssize_t window
    ) except? -1
    cdef bint continues(self, Run run, Py_ssize_t at) except -1
    cdef int extend(self, Run run, Py_ssize_t at) except -1
    cdef int join(self, list runs) except -1
    cdef int read_run(self, Run run, list queues) except -1
    cdef int read_log(self, Run run, list queues) except -1
    cdef Reading covering(self, Run run)
    cdef Py_ssize_t widened(self, Run run) except -1
    cdef int judge(self, Reading reading, Py_ssize_t invited) except -1
    cdef int read(self, Reading reading) except -1
    cdef Buffer take_buffer(self, Py_ssize_t count)
    cdef list arrived(self, Reading reading, bint complete)
    cdef int revive_all(self, Reading reading) except -1
    cdef Py_ssize_t revive(self, Reading reading, Py_ssize_t at, Py_ssize_t length) except -1
    cdef bint invite(self, Reading reading, Py_ssize_t at, Py_ssize_t length) except -1
    cdef bint is_welcome(self, Buffer buffer, Py_ssize_t named, Py_ssize_t after) except -1
    cdef Py_ssize_t length_of(self, Reading reading, Py_ssize_t at) except -1
    cdef int read_rest(self, Reading reading, Py_ssize_t at, Py_ssize_t length) except -1
    cdef int restore(self, Reading reading) except -1
    cdef int restore_log_chunk(self, Reading reading) except -1
    cdef int weigh_all(self, Buffer buffer, Py_ssize_t at, unsigned long long location) except -1
    cdef bint has_to_empty(self) except -1
    cdef int empty_thin(self) except -1
