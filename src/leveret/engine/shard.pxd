from leveret.engine.agenda cimport Agenda
from leveret.engine.buffer cimport Buffer
from leveret.engine.chores cimport Chores
from leveret.engine.chunk cimport Chunk
from leveret.engine.forward cimport Forward
from leveret.engine.guests cimport Guests
from leveret.engine.journal cimport Journal
from leveret.engine.memory cimport Memory
from leveret.engine.moves cimport Moves
from leveret.engine.output cimport Outputs
from leveret.engine.pages cimport PagePool
from leveret.engine.queue cimport Queue
from leveret.engine.recall cimport Recall
from leveret.engine.records cimport Records
from leveret.engine.route cimport Route
from leveret.engine.rulebook cimport Rulebook
from leveret.engine.spill cimport Spill

cimport cython

@cython.final
cdef class Shard:
    cdef readonly unsigned long long seed
    cdef readonly Memory memory
    cdef readonly Records records
    cdef readonly Journal journal
    cdef readonly unsigned long long incarnations
    cdef readonly bint logged
    cdef readonly unsigned long long batch
    cdef list waiting
    cdef readonly PagePool pages
    cdef readonly Outputs outputs
    cdef readonly Spill spill
    cdef Moves moves
    cdef readonly Guests guests
    cdef readonly Forward forward
    cdef readonly Recall recall
    cdef readonly list queues
    cdef dict emptying
    cdef readonly Chores chores
    cdef readonly Agenda agenda
    cdef readonly Rulebook rulebook
    cdef readonly dict contents
    cdef list free_numbers
    cdef list dirty
    cdef list sharing
    cdef list owing
    cdef list calls
    cdef readonly dict publishers
    cdef readonly list held
    cdef readonly list resumed
    cdef Buffer receive
    cdef bint refused
    cdef readonly unsigned long long work
    cdef readonly int halvings

    cdef bint publish(
        self,
        Route route,
        Buffer names,
        Py_ssize_t names_length,
        Buffer properties,
        Py_ssize_t properties_length,
        Buffer body,
        Py_ssize_t body_offset,
        Py_ssize_t body_length,
        unsigned long long arrival,
        unsigned long long expiry,
        int priority,
        bint persistent,
    ) except -1
    cdef Chunk room(self, Py_ssize_t length)
    cdef int enqueue(
        self, Route route, unsigned long long location, Py_ssize_t body_length, bint expires
    ) except -1
    cdef Py_ssize_t count_targets(
        self, Route route, Py_ssize_t body_length, bint persistent
    ) except -1
    cdef int deliver(self) except -1
    cpdef int touch(self, Queue queue) except -1
    cdef int wake(self, list queues) except -1
    cdef int make_calls(self) except -1
    cpdef evict(self)
    cdef int compact(self) except -1
