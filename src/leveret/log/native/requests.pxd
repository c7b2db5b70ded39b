# The compiled body of requests.py: what a thread without the GIL does with a request.

from leveret.log.native.crc32c cimport leveret_crc32c

from libc.errno cimport EINTR, EIO, errno
from libc.stdint cimport uint32_t
from libc.stdio cimport rename
from posix.fcntl cimport O_CLOEXEC, O_CREAT, O_EXCL, O_RDWR, open
from posix.unistd cimport close, fsync, pread, pwrite, unlink

cdef extern from *:
    """
    #include <fcntl.h>
    #include <sys/uio.h>
    #include <unistd.h>

    /* The fsync of macOS leaves the data in the drive's cache. */
    #ifdef __APPLE__
    #define leveret_sync_data(fd) fcntl(fd, F_FULLFSYNC)
    #else
    #define leveret_sync_data(fd) fdatasync(fd)
    #endif

    #define LEVERET_ZEROS_BYTES 65536
    static const unsigned char LEVERET_ZEROS[LEVERET_ZEROS_BYTES];

    #ifdef O_TMPFILE
    #define LEVERET_UNNAMED O_TMPFILE
    #else
    #define LEVERET_UNNAMED 0
    #endif

    /* What is behind the bytes is written with them: a page in two writes would be read between. */
    static inline ssize_t leveret_write_with_zeros(
        int fd, unsigned char *data, size_t count, size_t zeros, off_t at)
    {
        struct iovec parts[2] = {
            { data, count },
            { (void *) LEVERET_ZEROS, zeros },
        };
        return pwritev(fd, parts, 2, at);
    }
    """
    int leveret_sync_data(int) nogil
    Py_ssize_t leveret_write_with_zeros(
        int, unsigned char *, size_t, size_t, long long
    ) nogil
    const Py_ssize_t LEVERET_ZEROS_BYTES
    const unsigned char *LEVERET_ZEROS
    const int LEVERET_UNNAMED

cdef enum:
    STOP = 0
    WRITE = 1
    WRITE_AND_SYNC = 2
    READ = 3
    ZERO = 4
    SYNC = 5
    SYNC_DIRECTORY = 6
    CREATE = 7
    RENAME = 8
    UNLINK = 9
    CLOSE = 10
    CREATE_UNNAMED = 11
    FILE_MODE = 384

cdef struct Request:
    int kind
    int fd
    long long file_offset
    unsigned char *data
    Py_ssize_t count
    Py_ssize_t zeros
    unsigned char *crc
    Py_ssize_t crc_count
    # The answer.
    Py_ssize_t result
    int error


cdef inline void place_crc(Request *request) noexcept nogil:
    cdef uint32_t crc
    cdef int index
    for index in range(4):
        request.crc[index] = 0
    crc = leveret_crc32c(0, request.data, <size_t> request.crc_count)
    for index in range(4):
        request.crc[index] = <unsigned char> (crc >> (24 - 8 * index))


cdef inline Py_ssize_t move_some(Request *request) noexcept nogil:
    cdef Py_ssize_t rest = request.count - request.result
    cdef long long at = request.file_offset + request.result
    if request.kind == READ:
        return pread(request.fd, request.data + request.result, <size_t> rest, at)
    if rest <= 0 or request.kind == ZERO:
        rest += request.zeros
        if rest > LEVERET_ZEROS_BYTES:
            rest = LEVERET_ZEROS_BYTES
        return pwrite(request.fd, LEVERET_ZEROS, <size_t> rest, at)
    return leveret_write_with_zeros(
        request.fd, request.data + request.result, <size_t> rest, <size_t> request.zeros, at
    )


cdef inline void move_bytes(Request *request) noexcept nogil:
    cdef Py_ssize_t moved
    while request.result < request.count + request.zeros:
        moved = move_some(request)
        if moved > 0:
            request.result += moved
        elif moved < 0 and errno == EINTR:
            continue
        else:
            if moved < 0:
                request.error = errno
            elif request.kind != READ:
                request.error = EIO
            return


cdef inline int touch_file(Request *request) noexcept nogil:
    if request.kind == SYNC or request.kind == WRITE_AND_SYNC:
        return leveret_sync_data(request.fd)
    if request.kind == SYNC_DIRECTORY:
        return fsync(request.fd)
    if request.kind == RENAME:
        return rename(<char *> request.data, <char *> request.data + request.count)
    if request.kind == UNLINK:
        return unlink(<char *> request.data)
    if request.kind == CREATE_UNNAMED:
        # Where the flag is not known this tries to write to a folder, which is refused.
        return open(<char *> request.data, LEVERET_UNNAMED | O_RDWR | O_CLOEXEC, FILE_MODE)
    return open(<char *> request.data, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, FILE_MODE)


cdef inline void leveret_perform(Request *request) noexcept nogil:
    cdef int status
    request.result = 0
    request.error = 0
    if request.crc_count > 0:
        place_crc(request)
    if WRITE <= request.kind <= ZERO:
        move_bytes(request)
        if request.kind != WRITE_AND_SYNC or request.error != 0:
            return
    if request.kind == CLOSE:
        # Not again when it was interrupted: the descriptor may be another file's by then.
        status = close(request.fd)
        request.error = errno if status < 0 and errno != EINTR else 0
        return
    status = touch_file(request)
    while status < 0 and errno == EINTR:
        status = touch_file(request)
    if status < 0:
        request.error = errno
    elif request.kind == CREATE or request.kind == CREATE_UNNAMED:
        request.result = status
