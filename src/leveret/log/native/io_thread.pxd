# The compiled half of io_thread.py: what the thread does, and what both sides share.

cimport cython
from leveret.engine.buffer cimport Buffer
from leveret.log.native.requests cimport STOP, Request, leveret_perform

from libc.errno cimport errno
from libc.stdint cimport uint64_t
from posix.signal cimport sigfillset, sigset_t
from posix.unistd cimport close as close_descriptor
from posix.unistd cimport getpid

cdef extern from *:
    """
    #include <pthread.h>
    #include <signal.h>
    #include <stdint.h>
    #include <unistd.h>

    /* macOS has unnamed semaphores in name only. */
    #ifdef __APPLE__
    #include <dispatch/dispatch.h>
    typedef dispatch_semaphore_t leveret_semaphore;
    #define leveret_semaphore_make(s) ((*(s) = dispatch_semaphore_create(0)) == NULL)
    #define leveret_semaphore_post(s) ((void) dispatch_semaphore_signal(*(s)))
    #define leveret_semaphore_wait(s) ((void) dispatch_semaphore_wait(*(s), DISPATCH_TIME_FOREVER))
    #define leveret_semaphore_free(s) dispatch_release(*(s))
    #else
    #include <semaphore.h>
    typedef sem_t leveret_semaphore;
    #define leveret_semaphore_make(s) sem_init(s, 0, 0)
    #define leveret_semaphore_post(s) ((void) sem_post(s))
    #define leveret_semaphore_wait(s) do { } while (sem_wait(s) != 0)
    #define leveret_semaphore_free(s) ((void) sem_destroy(s))
    #endif

    #define LEVERET_PUBLISH(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)
    #define LEVERET_OBSERVE(place) __atomic_load_n(place, __ATOMIC_ACQUIRE)

    /* A pipe that is full makes its reader ready all the same. */
    static inline void leveret_wake(int fd)
    {
        uint64_t one = 1;
        ssize_t written = write(fd, &one, sizeof one);
        (void) written;
    }
    """
    ctypedef struct leveret_semaphore:
        pass
    int leveret_semaphore_make(leveret_semaphore *) nogil
    void leveret_semaphore_post(leveret_semaphore *) nogil
    void leveret_semaphore_wait(leveret_semaphore *) nogil
    void leveret_semaphore_free(leveret_semaphore *) nogil
    void leveret_wake(int) nogil
    void LEVERET_PUBLISH(uint64_t *, uint64_t) nogil
    uint64_t LEVERET_OBSERVE(uint64_t *) nogil

cdef extern from "<pthread.h>" nogil:
    ctypedef struct pthread_t:
        pass
    ctypedef struct pthread_attr_t:
        pass
    int pthread_attr_init(pthread_attr_t *)
    int pthread_attr_setstacksize(pthread_attr_t *, size_t)
    int pthread_attr_destroy(pthread_attr_t *)
    int pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *) noexcept nogil, void *)
    int pthread_join(pthread_t, void **)

cdef extern from "<signal.h>" nogil:
    const int SIG_SETMASK
    int pthread_sigmask(int, const sigset_t *, sigset_t *)

cdef enum:
    SLOTS = 256
    STACK_BYTES = 131072

cdef struct Ring:
    leveret_semaphore requested
    uint64_t done_count
    int wake_fd
    Request requests[SLOTS]


cdef inline void *run(void *argument) noexcept nogil:
    cdef Ring *ring = <Ring *> argument
    cdef uint64_t done = 0
    cdef Request *request
    while True:
        leveret_semaphore_wait(&ring.requested)
        request = &ring.requests[done % SLOTS]
        if request.kind == STOP:
            return NULL
        leveret_perform(request)
        done += 1
        LEVERET_PUBLISH(&ring.done_count, done)
        leveret_wake(ring.wake_fd)


cdef inline int start_thread(pthread_t *thread, Ring *ring) noexcept nogil:
    # Signals are the main thread's: here they would only cut system calls short.
    cdef sigset_t all_signals, before
    cdef pthread_attr_t attributes
    cdef int error
    sigfillset(&all_signals)
    pthread_sigmask(SIG_SETMASK, &all_signals, &before)
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, STACK_BYTES)
    error = pthread_create(thread, &attributes, run, ring)
    pthread_attr_destroy(&attributes)
    pthread_sigmask(SIG_SETMASK, &before, NULL)
    return error


@cython.final
cdef class IoThread:
    cdef list numbers
    cdef list buffers
    cdef uint64_t submitted
    cdef uint64_t taken
    cdef readonly bint closed
    cdef bint opened
    cdef int read_fd
    cdef int wake_fd
    cdef Ring ring
    cdef pthread_t thread
    cdef bint running
    cdef int owner_pid

    cdef int submit(
        self,
        object number,
        int kind,
        int fd,
        long long file_offset,
        Buffer buffer,
        Py_ssize_t offset,
        Py_ssize_t count,
        Py_ssize_t zeros=*,
        Py_ssize_t crc_at=*,
        Py_ssize_t crc_count=*,
    ) except -1
    cdef int quiet(self) except -1

    cdef inline int start(self) except? 0:
        cdef int error
        self.ring.done_count = 0
        self.ring.wake_fd = self.wake_fd
        if leveret_semaphore_make(&self.ring.requested) != 0:
            return errno
        error = start_thread(&self.thread, &self.ring)
        if error != 0:
            leveret_semaphore_free(&self.ring.requested)
            return error
        self.owner_pid = getpid()
        self.running = True
        return 0

    cdef inline int put(
        self,
        Py_ssize_t index,
        int kind,
        int fd,
        long long file_offset,
        Buffer buffer,
        Py_ssize_t offset,
        Py_ssize_t count,
        Py_ssize_t zeros,
        Py_ssize_t crc_at,
        Py_ssize_t crc_count,
    ) except -1:
        cdef Request *request = &self.ring.requests[index]
        request.kind = kind
        request.fd = fd
        request.file_offset = file_offset
        request.data = NULL
        request.crc = NULL
        if buffer is not None:
            request.data = buffer.data + offset
            request.crc = buffer.data + offset + crc_at
        request.count = count
        request.zeros = zeros
        request.crc_count = crc_count
        leveret_semaphore_post(&self.ring.requested)
        return 0

    cdef inline uint64_t done_count(self) except? 0:
        return LEVERET_OBSERVE(&self.ring.done_count)

    cdef inline Py_ssize_t result_at(self, Py_ssize_t index) except? -1:
        return self.ring.requests[index].result

    cdef inline int error_at(self, Py_ssize_t index) except? -1:
        return self.ring.requests[index].error

    cdef inline int stop(self) except -1:
        # After a fork the thread is the parent's: here is nobody to wait for.
        if not self.running:
            return 0
        self.running = False
        if getpid() != self.owner_pid:
            return 0
        self.ring.requests[self.submitted % SLOTS].kind = STOP
        leveret_semaphore_post(&self.ring.requested)
        with nogil:
            pthread_join(self.thread, NULL)
        leveret_semaphore_free(&self.ring.requested)
        return 0

    cdef inline int close_descriptors(self) except -1:
        if self.opened:
            self.opened = False
            close_descriptor(self.read_fd)
            if self.wake_fd != self.read_fd:
                close_descriptor(self.wake_fd)
        return 0
