/* Writes down, in order, what a broker does with the files of its data directory and with its
 * clients' sockets. Preloaded (LD_PRELOAD) in front of the C library of a 64-bit Linux.
 *
 *   CRASH_SHIM_DIRECTORY  the data directory, absolute
 *   CRASH_SHIM_TRACE      the file to write to
 *   CRASH_SHIM_NO_SYNC    syncs say that all is well, and are not done
 *
 * An event is a head (struct event, as trace.py reads it) and its bytes: a path, two paths with a
 * zero byte between them, or what was moved, without the zeros at its end. A call has an event
 * before and another one after; each is appended by one write, so their order in the file is the
 * order of things, also between threads, and it outlives a process that is killed.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, CREATE, CLOSE, WRITE, SYNC, RENAME, UNLINK, ACCEPT, SEND, RECEIVE };
enum { BEGIN = 0, END = 1 };
enum { NOTHING = 0, FILE_OF_OURS, CLIENT };
#define FDS 65536

struct event {
    uint8_t kind, phase;
    uint16_t zero;
    int32_t fd;
    int64_t offset, length, result, bytes;
};

static unsigned char watched[FDS];
static char directory[PATH_MAX];
static size_t directory_length;
static int trace = -1, no_sync;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CRASH_SHIM_TRACE"), *folder = getenv("CRASH_SHIM_DIRECTORY");
    if (!path || !folder || strlen(folder) >= sizeof directory)
        return;
    strcpy(directory, folder);
    directory_length = strlen(directory);
    no_sync = getenv("CRASH_SHIM_NO_SYNC") != NULL;
    trace = (int) syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                          0600);
}

static void put(int kind, int phase, int fd, int64_t offset, int64_t length, int64_t result,
                const void *data, size_t count)
{
    struct event event = { (uint8_t) kind, (uint8_t) phase, 0, fd, offset, length, result,
                           (int64_t) count };
    struct iovec parts[2] = { { &event, sizeof event }, { (void *) data, count } };
    int error = errno;
    if (trace >= 0 && syscall(SYS_writev, trace, parts, 2) != (long) (sizeof event + count))
        abort(); /* a trace with a gap proves nothing */
    errno = error;
}

static int is(int fd, int what)
{
    return trace >= 0 && fd >= 0 && fd < FDS && watched[fd] == what;
}

static int is_ours(const char *path)
{
    return trace >= 0 && !strncmp(path, directory, directory_length)
        && (path[directory_length] == '/' || !path[directory_length]);
}

static size_t without_zeros(const unsigned char *data, size_t count)
{
    while (count && !data[count - 1])
        count--;
    return count;
}

/* Names */

static int open_one(int folder, const char *path, int flags, int mode)
{
    int kind = flags & O_CREAT ? CREATE : OPEN, fd, ours = is_ours(path);
    if (ours)
        put(kind, BEGIN, -1, 0, 0, 0, path, strlen(path));
    fd = (int) syscall(SYS_openat, folder, path, flags, mode);
    if (ours) {
        put(kind, END, fd, 0, 0, fd < 0 ? -errno : fd, path, strlen(path));
        if (fd >= 0 && fd < FDS)
            watched[fd] = FILE_OF_OURS;
    }
    return fd;
}

#define OPEN_AT(name)                                                                            \
    int name(int folder, const char *path, int flags, ...)                                       \
    {                                                                                            \
        va_list rest;                                                                            \
        int mode = 0;                                                                            \
        va_start(rest, flags);                                                                   \
        if (flags & (O_CREAT | O_TMPFILE))                                                       \
            mode = va_arg(rest, int);                                                            \
        va_end(rest);                                                                            \
        return open_one(folder, path, flags, mode);                                              \
    }
#define OPEN_HERE(name)                                                                          \
    int name(const char *path, int flags, ...)                                                   \
    {                                                                                            \
        va_list rest;                                                                            \
        int mode = 0;                                                                            \
        va_start(rest, flags);                                                                   \
        if (flags & (O_CREAT | O_TMPFILE))                                                       \
            mode = va_arg(rest, int);                                                            \
        va_end(rest);                                                                            \
        return open_one(AT_FDCWD, path, flags, mode);                                            \
    }
OPEN_AT(openat)
OPEN_AT(openat64)
OPEN_HERE(open)
OPEN_HERE(open64)

int close(int fd)
{
    if (fd >= 0 && fd < FDS && watched[fd]) {
        put(CLOSE, BEGIN, fd, 0, 0, 0, NULL, 0);
        watched[fd] = NOTHING;
    }
    return (int) syscall(SYS_close, fd);
}

int rename(const char *old, const char *new)
{
    char both[2 * PATH_MAX + 2];
    size_t first = strlen(old) + 1, count = first + strlen(new);
    int status, ours = is_ours(old) || is_ours(new);
    if (ours && count < sizeof both) {
        memcpy(both, old, first);
        strcpy(both + first, new);
        put(RENAME, BEGIN, -1, 0, 0, 0, both, count);
    }
    status = (int) syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
    if (ours && count < sizeof both)
        put(RENAME, END, -1, 0, 0, status < 0 ? -errno : 0, both, count);
    return status;
}

int unlink(const char *path)
{
    int status, ours = is_ours(path);
    if (ours)
        put(UNLINK, BEGIN, -1, 0, 0, 0, path, strlen(path));
    status = (int) syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (ours)
        put(UNLINK, END, -1, 0, 0, status < 0 ? -errno : 0, path, strlen(path));
    return status;
}

/* Bytes of files */

static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t offset)
{
    size_t length = 0, kept = 0;
    unsigned char *whole = NULL;
    ssize_t moved;
    int index;
    if (is(fd, FILE_OF_OURS)) {
        for (index = 0; index < count; index++)
            length += parts[index].iov_len;
        whole = malloc(length + 1);
        if (!whole)
            abort();
        for (index = 0; index < count; index++) {
            memcpy(whole + kept, parts[index].iov_base, parts[index].iov_len);
            kept += parts[index].iov_len;
        }
        kept = without_zeros(whole, length);
        put(WRITE, BEGIN, fd, offset, (int64_t) length, 0, whole, kept);
    }
    moved = syscall(SYS_pwritev, fd, parts, count, (long) offset, 0L);
    if (whole) {
        put(WRITE, END, fd, offset, (int64_t) length, moved < 0 ? -errno : moved, NULL, 0);
        free(whole);
    }
    return moved;
}

static ssize_t write_one(int fd, const void *data, size_t count, off_t offset)
{
    struct iovec part = { (void *) data, count };
    return write_parts(fd, &part, 1, offset);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset)
{
    return write_one(fd, data, count, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset)
{
    return write_one(fd, data, count, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return write_parts(fd, parts, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return write_parts(fd, parts, count, offset);
}

/* At the file's own offset. */
ssize_t write(int fd, const void *data, size_t count)
{
    off_t offset;
    ssize_t moved;
    if (is(fd, CLIENT))
        abort(); /* see sendmsg */
    if (!is(fd, FILE_OF_OURS))
        return syscall(SYS_write, fd, data, count);
    offset = lseek(fd, 0, SEEK_CUR);
    put(WRITE, BEGIN, fd, offset, (int64_t) count, 0, data, without_zeros(data, count));
    moved = syscall(SYS_write, fd, data, count);
    put(WRITE, END, fd, offset, (int64_t) count, moved < 0 ? -errno : moved, NULL, 0);
    return moved;
}

static int sync_with(long number, int fd)
{
    int status;
    if (no_sync)
        return 0;
    if (!is(fd, FILE_OF_OURS))
        return (int) syscall(number, fd);
    put(SYNC, BEGIN, fd, 0, 0, 0, NULL, 0);
    status = (int) syscall(number, fd);
    put(SYNC, END, fd, 0, 0, status < 0 ? -errno : 0, NULL, 0);
    return status;
}

int fsync(int fd)
{
    return sync_with(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_with(SYS_fdatasync, fd);
}

/* Clients */

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int client = (int) syscall(SYS_accept4, fd, address, length, flags);
    if (trace >= 0 && client >= 0 && client < FDS) {
        watched[client] = CLIENT;
        put(ACCEPT, END, client, 0, 0, 0, NULL, 0);
    }
    return client;
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return accept4(fd, address, length, 0);
}

/* The event before has the bytes: when the first of them leaves, it is there. */
ssize_t sendto(int fd, const void *data, size_t count, int flags, const struct sockaddr *to,
               socklen_t length)
{
    int ours = is(fd, CLIENT);
    ssize_t moved;
    if (ours)
        put(SEND, BEGIN, fd, 0, (int64_t) count, 0, data, count);
    moved = syscall(SYS_sendto, fd, data, count, flags, to, length);
    if (ours)
        put(SEND, END, fd, 0, (int64_t) count, moved < 0 ? -errno : moved, NULL, 0);
    return moved;
}

ssize_t send(int fd, const void *data, size_t count, int flags)
{
    return sendto(fd, data, count, flags, NULL, 0);
}

ssize_t recvfrom(int fd, void *data, size_t count, int flags, struct sockaddr *from,
                 socklen_t *length)
{
    ssize_t moved = syscall(SYS_recvfrom, fd, data, count, flags, from, length);
    if (moved > 0 && is(fd, CLIENT) && !(flags & MSG_PEEK))
        put(RECEIVE, END, fd, 0, moved, moved, data, (size_t) moved);
    return moved;
}

ssize_t recv(int fd, void *data, size_t count, int flags)
{
    return recvfrom(fd, data, count, flags, NULL, NULL);
}

/* What the broker has no use for would leave without being seen. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (is(fd, CLIENT))
        abort();
    return syscall(SYS_sendmsg, fd, message, flags);
}
