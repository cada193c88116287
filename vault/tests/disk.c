/* What a disk does to a program, for tests on Linux: records every change of the files under one folder, or is full.
 *
 * Loaded with LD_PRELOAD. DISK_ROOT names the folder (an absolute path without a trailing slash).
 *
 * DISK_RECORD names a file outside of it that gets one record a change, in the order the program made them:
 *   op (1 byte) . file descriptor (4) . number (8) . length (4) . payload        all little-endian
 *   'o' opened: flags, path     'c' closed           'w' written: offset, bytes    't' cut or grown: length
 *   's' synced                  'u' name removed     'm' folder made               'l' linked: old NUL new
 *   'r' renamed: old NUL new
 *
 * Opening DISK_ROOT/.full.N (which does not exist) lets N more writes succeed; the one after them is cut in half, and
 * from then on nothing that needs room works (ENOSPC) until DISK_ROOT/.full.off is opened. That open fails with ENOSPC
 * if anything was refused, else with ENOENT.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int record_fd = -1;
static int watched[MOST_FDS];
static int armed;
static int refused;
static long room;

__attribute__((constructor)) static void start(void) {
    const char *record = getenv("DISK_RECORD");
    root = getenv("DISK_ROOT");
    if (!root) return;
    root_length = strlen(root);
    if (record)
        record_fd = (int)syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int ours(const char *path) {
    return root && path && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int ours_fd(int fd) { return fd >= 0 && fd < MOST_FDS && watched[fd]; }

static void record(char op, int fd, uint64_t number, const void *payload, size_t length) {
    unsigned char head[17];
    uint32_t fd32 = (uint32_t)fd, length32 = (uint32_t)length;
    struct iovec parts[2] = {{head, sizeof head}, {(void *)payload, length}};
    if (record_fd < 0) return;
    head[0] = (unsigned char)op;
    memcpy(head + 1, &fd32, 4);
    memcpy(head + 5, &number, 8);
    memcpy(head + 13, &length32, 4);
    if (syscall(SYS_writev, record_fd, parts, 2) != (long)(sizeof head + length)) abort();
}

static void record_two(char op, const char *from, const char *to) {
    char both[8192];
    int length = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
    record(op, -1, 0, both, (size_t)length);
}

/* Whether there is room for one more write. */
static int has_room(void) {
    if (!armed) return 1;
    if (room > 0) {
        room--;
        return 1;
    }
    refused = 1;
    errno = ENOSPC;
    return 0;
}

static int switched(const char *path) {
    const char *name = path + root_length;
    if (strncmp(name, "/.full.", 7)) return 0;
    if (!strcmp(name + 7, "off")) {
        errno = refused ? ENOSPC : ENOENT;
        armed = 0;
    } else {
        room = atol(name + 7);
        armed = 1;
        refused = 0;
        errno = ENOENT;
    }
    return 1;
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    struct stat found;
    int fd;
    if (!ours(path)) return (int)syscall(SYS_openat, folder, path, flags, mode);
    pthread_mutex_lock(&lock);
    if (switched(path) || ((flags & O_CREAT) && fstatat(folder, path, &found, 0) && !has_room())) {
        pthread_mutex_unlock(&lock);
        return -1;
    }
    fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0 && fd < MOST_FDS) {
        watched[fd] = 1;
        record('o', fd, (uint64_t)flags, path, strlen(path));
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags)                                                                     \
    mode_t mode = 0;                                                                    \
    if ((flags) & O_CREAT) {                                                            \
        va_list more;                                                                   \
        va_start(more, flags);                                                          \
        mode = va_arg(more, mode_t);                                                    \
        va_end(more);                                                                   \
    }

int open(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return open_at(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return open_at(folder, path, flags, mode); }

int close(int fd) {
    int ended;
    pthread_mutex_lock(&lock);
    if (ours_fd(fd)) {
        watched[fd] = 0;
        record('c', fd, 0, "", 0);
    }
    ended = (int)syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    return ended;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset, int at_offset) {
    ssize_t written;
    pthread_mutex_lock(&lock);
    if (armed && room == 0 && !refused && length > 1) {
        refused = 1;
        length /= 2;
    } else if (!has_room()) {
        pthread_mutex_unlock(&lock);
        return -1;
    }
    if (!at_offset) {
        struct stat found;
        int append = fcntl(fd, F_GETFL) & O_APPEND;
        offset = append && !fstat(fd, &found) ? found.st_size : lseek(fd, 0, SEEK_CUR);
    }
    written = at_offset ? syscall(SYS_pwrite64, fd, bytes, length, offset) : syscall(SYS_write, fd, bytes, length);
    if (written > 0) record('w', fd, (uint64_t)offset, bytes, (size_t)written);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    return ours_fd(fd) ? write_at(fd, bytes, length, 0, 0) : syscall(SYS_write, fd, bytes, length);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return ours_fd(fd) ? write_at(fd, bytes, length, offset, 1) : syscall(SYS_pwrite64, fd, bytes, length, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) { return pwrite(fd, bytes, length, offset); }

/* Copies inside the kernel would pass unseen: the caller falls back to reading and writing. */
ssize_t copy_file_range(int a, off_t *b, int c, off_t *d, size_t e, unsigned f) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile(int a, int b, off_t *c, size_t d) {
    (void)a, (void)b, (void)c, (void)d;
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile64(int a, int b, off_t *c, size_t d) { return sendfile(a, b, c, d); }

/* A file that only grows longer needs no room yet. */
int ftruncate(int fd, off_t length) {
    int ended;
    if (!ours_fd(fd)) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    ended = (int)syscall(SYS_ftruncate, fd, length);
    if (!ended) record('t', fd, (uint64_t)length, "", 0);
    pthread_mutex_unlock(&lock);
    return ended;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

static int sync_fd(long call, int fd) {
    int ended;
    if (!ours_fd(fd)) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    ended = record_fd < 0 ? (int)syscall(call, fd) : 0;
    if (!ended) record('s', fd, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return ended;
}
int fsync(int fd) { return sync_fd(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_fd(SYS_fdatasync, fd); }

int rename(const char *from, const char *to) {
    int ended = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (!ended && ours(to)) record_two('r', from, to);
    return ended;
}

int unlink(const char *path) {
    int ended = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (!ended && ours(path)) record('u', -1, 0, path, strlen(path));
    return ended;
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    int ended = -1;
    if (!ours(to)) return (int)syscall(SYS_linkat, a, from, b, to, flags);
    pthread_mutex_lock(&lock);
    if (has_room()) {
        ended = (int)syscall(SYS_linkat, a, from, b, to, flags);
        if (!ended) record_two('l', from, to);
    }
    pthread_mutex_unlock(&lock);
    return ended;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int mkdir(const char *path, mode_t mode) {
    int ended = -1;
    if (!ours(path)) return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    pthread_mutex_lock(&lock);
    if (has_room()) {
        ended = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
        if (!ended) record('m', -1, 0, path, strlen(path));
    }
    pthread_mutex_unlock(&lock);
    return ended;
}
