/* A site that fails as it is told to: loaded before the C library (LD_PRELOAD), it spoils chosen calls on files below one folder.

   FAULT_BELOW   the folder: a site's
   FAULT_CALL    the kind of call: open access mkdir stat list read write sync rename link unlink, or any
   FAULT_KEY     only where the path below the folder holds this text ("packs/", ".tmp/"); of rename and link, the new path
   FAULT_BYTES   only reads and writes of at least so many bytes (a pack has 256 KiB or more, nothing else has)
   FAULT_FIRST   from which of the calls so chosen, counted from 1
   FAULT_TIMES   how many of them; 0: all from then on
   FAULT_ACT     error     returns -1
                 after     does it, and returns -1
                 short     moves half of the bytes, and says so
                 half      writes half of the bytes and says so; every later write to that file is an error
                 flip      one bit of what is written or read is another
                 gone      the folder is away: no path, and open files are stale
                 squat     before a file is given its name, another one with that name is there: as long, and rubbish
                 squat-short   ... and empty
   FAULT_ERRNO   the number of the error
   FAULT_NO_RENAME   if set: below the folder nothing can be renamed without replacing (EINVAL), so that names are given by link
   FAULT_LOG     a file; gets a line for each spoilt call, and at the end the number of calls chosen: "calls N" */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *below, *call_name, *key, *act, *log_path;
static long least, at, first, times, number_of_error;
static int has_no_rename;
static atomic_long calls;
static atomic_int broken[1024]; /* descriptors of which half was written */

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

static const char *text(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

__attribute__((constructor)) static void start(void) {
    below = text("FAULT_BELOW"), call_name = text("FAULT_CALL"), key = text("FAULT_KEY"), act = text("FAULT_ACT");
    log_path = text("FAULT_LOG"), has_no_rename = getenv("FAULT_NO_RENAME") != NULL;
    least = number("FAULT_BYTES", 0), at = number("FAULT_AT", -1), first = number("FAULT_FIRST", 1), times = number("FAULT_TIMES", 1);
    number_of_error = number("FAULT_ERRNO", EIO);
}

/* The kernel's own calls, so that nothing here meets itself. */
static void note(const char *line) {
    int saved = errno;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd >= 0) {
        syscall(SYS_write, fd, line, strlen(line));
        syscall(SYS_close, fd);
    }
    errno = saved;
}

__attribute__((destructor)) static void end(void) {
    char line[64];
    snprintf(line, sizeof line, "calls %ld\n", atomic_load(&calls));
    if (*log_path) note(line);
}

static int is_act(const char *name) { return strcmp(act, name) == 0; }

static int chosen_path(const char *path) {
    size_t length = below ? strlen(below) : 0;
    if (!length || strncmp(path, below, length) != 0 || (path[length] != '/' && path[length] != 0)) return 0;
    return !*key || strstr(path + length, key) != NULL;
}

/* Whether this call is to be spoilt. */
static int spoilt(const char *name, const char *path, size_t bytes) {
    if (!below || (strcmp(call_name, "any") != 0 && strcmp(call_name, name) != 0) || bytes < (size_t)least || !chosen_path(path)) return 0;
    long n = atomic_fetch_add(&calls, 1) + 1;
    if (n < first || (times && n >= first + times)) return 0;
    char line[PATH_MAX + 64];
    snprintf(line, sizeof line, "%s %s %s\n", act, name, path + strlen(below));
    note(line);
    return 1;
}

/* The path that a call is about: of an open file, or of a name in an open folder. */
static const char *path_of(int fd, const char *name, char *room) {
    if (name && (name[0] == '/' || fd == AT_FDCWD)) return name;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long n = syscall(SYS_readlinkat, AT_FDCWD, link, room, PATH_MAX - 1);
    room[n < 0 ? 0 : n] = 0;
    if (n > 0 && name && *name) {
        strncat(room, "/", PATH_MAX - 1 - strlen(room));
        strncat(room, name, PATH_MAX - 1 - strlen(room));
    }
    return room;
}

/* The path of an open file, with a slash behind it: of a folder, too, a key such as "packs/" is said to be part. */
static const char *open_path(int fd, char *room) {
    path_of(fd, NULL, room);
    size_t length = strlen(room);
    if (length && length < PATH_MAX - 1) strcpy(room + length, "/");
    return room;
}

/* The result of a call that fails, having done nothing. */
static int fail(int has_path) {
    errno = is_act("gone") ? (has_path ? ENOENT : ESTALE) : (int)number_of_error;
    return -1;
}

/* The result of a call without bytes that was done with `result`, if it is to be spoilt. */
#define SPOIL(name, path, has_path, done)                     \
    do {                                                      \
        if (!spoilt(name, path, (size_t)-1 >> 1)) return done; \
        if (!is_act("after")) return fail(has_path);          \
        if ((done) < 0) return -1;                            \
        return fail(has_path);                                \
    } while (0)

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

static int opened(int folder, const char *name, int flags, mode_t mode) {
    char room[PATH_MAX];
    const char *path = path_of(folder, name, room);
    SPOIL("open", path, 1, (int)syscall(SYS_openat, folder, name, flags, mode));
}

int openat(int folder, const char *name, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return opened(folder, name, flags, mode);
}

int open(const char *name, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return opened(AT_FDCWD, name, flags, mode);
}

int access(const char *path, int mode) { SPOIL("access", path, 1, (int)syscall(SYS_faccessat, AT_FDCWD, path, mode)); }
int mkdir(const char *path, mode_t mode) { SPOIL("mkdir", path, 1, (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode)); }
int unlink(const char *path) { SPOIL("unlink", path, 1, (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0)); }

int link(const char *from, const char *to) { SPOIL("link", to, 1, (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0)); }

/* The same below an open folder. */
int faccessat(int folder, const char *name, int mode, int flags) {
    char room[PATH_MAX];
    (void)flags;
    SPOIL("access", path_of(folder, name, room), 1, (int)syscall(SYS_faccessat, folder, name, mode));
}

int mkdirat(int folder, const char *name, mode_t mode) {
    char room[PATH_MAX];
    SPOIL("mkdir", path_of(folder, name, room), 1, (int)syscall(SYS_mkdirat, folder, name, mode));
}

int unlinkat(int folder, const char *name, int flags) {
    char room[PATH_MAX];
    SPOIL("unlink", path_of(folder, name, room), 1, (int)syscall(SYS_unlinkat, folder, name, flags));
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    char room[PATH_MAX];
    SPOIL("link", path_of(to_folder, to, room), 1, (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

int statx(int folder, const char *restrict name, int flags, unsigned mask, struct statx *restrict out) {
    char room[PATH_MAX];
    const char *path = path_of(folder, name, room);
    SPOIL("stat", path, *name != 0, (int)syscall(SYS_statx, folder, name, flags, mask, out));
}

int fsync(int fd) {
    char room[PATH_MAX];
    const char *path = open_path(fd, room);
    SPOIL("sync", path, 0, (int)syscall(SYS_fsync, fd));
}

/* Somebody else was quicker: takes the name that a file is about to get. */
static void squat(const char *from, const char *to) {
    struct stat status;
    if (stat(from, &status) != 0) return;
    long size = is_act("squat-short") ? 0 : (long)status.st_size;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) return;
    for (long done = 0; done < size; done += 7) syscall(SYS_pwrite64, fd, "rubbish", size - done < 7 ? size - done : 7, done);
    syscall(SYS_close, fd);
}

static long renamed(long from_folder, const char *from, long to_folder, const char *to, long flags) {
    char from_room[PATH_MAX], to_room[PATH_MAX];
    const char *from_path = path_of((int)from_folder, from, from_room), *to_path = path_of((int)to_folder, to, to_room);
    if (has_no_rename && strncmp(to_path, below, strlen(below)) == 0) {
        errno = EINVAL;
        return -1;
    }
    if (strncmp(act, "squat", 5) == 0) {
        if (spoilt("rename", to_path, (size_t)-1 >> 1)) squat(from_path, to_path);
        return NEXT(long (*)(long, ...), "syscall")(SYS_renameat2, from_folder, from, to_folder, to, flags);
    }
    SPOIL("rename", to_path, 1, NEXT(long (*)(long, ...), "syscall")(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

static long listed(int fd, void *buffer, size_t size) {
    char room[PATH_MAX];
    const char *path = open_path(fd, room);
    SPOIL("list", path, 0, NEXT(long (*)(long, ...), "syscall")(SYS_getdents64, fd, buffer, size));
}

/* The program makes some calls by their numbers. */
long syscall(long which, ...) {
    va_list more;
    long a[6];
    va_start(more, which);
    for (int i = 0; i < 6; i++) a[i] = va_arg(more, long);
    va_end(more);
    if (below && which == SYS_renameat2) return renamed(a[0], (const char *)a[1], a[2], (const char *)a[3], a[4]);
    if (below && which == SYS_getdents64) return listed((int)a[0], (void *)a[1], (size_t)a[2]);
    static long (*next)(long, ...);
    if (!next) next = NEXT(long (*)(long, ...), "syscall");
    return next(which, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static ssize_t put(int fd, const void *bytes, size_t count, off_t offset) {
    return offset < 0 ? syscall(SYS_write, fd, bytes, count) : syscall(SYS_pwrite64, fd, bytes, count, offset);
}

static ssize_t put_flipped(int fd, const void *bytes, size_t count, off_t offset) {
    char *copy = malloc(count);
    memcpy(copy, bytes, count);
    copy[at >= 0 && (size_t)at < count ? (size_t)at : count / 2] ^= 0x10;
    ssize_t result = put(fd, copy, count, offset);
    free(copy);
    return result;
}

static ssize_t written(int fd, const void *bytes, size_t count, off_t offset) {
    char room[PATH_MAX];
    const char *path = path_of(fd, NULL, room);
    if (fd < 1024 && atomic_load(&broken[fd]) && chosen_path(path)) return fail(0);
    if (!count || !spoilt("write", path, count)) return put(fd, bytes, count, offset);
    if (is_act("flip")) return put_flipped(fd, bytes, count, offset);
    if (is_act("short")) return put(fd, bytes, (count + 1) / 2, offset);
    if (is_act("half")) {
        if (fd < 1024) atomic_store(&broken[fd], 1);
        return put(fd, bytes, (count + 1) / 2, offset);
    }
    if (is_act("after")) put(fd, bytes, count, offset);
    return fail(0);
}

static ssize_t taken(int fd, void *bytes, size_t count, off_t offset) {
    char room[PATH_MAX];
    const char *path = path_of(fd, NULL, room);
    int is_spoilt = count && spoilt("read", path, count);
    if (is_spoilt && !is_act("flip") && !is_act("short")) return fail(0);
    if (is_spoilt && is_act("short")) count = (count + 1) / 2;
    ssize_t result = offset < 0 ? syscall(SYS_read, fd, bytes, count) : syscall(SYS_pread64, fd, bytes, count, offset);
    if (is_spoilt && is_act("flip") && result > 0) ((char *)bytes)[result / 2] ^= 0x10;
    return result;
}

int close(int fd) {
    if (fd >= 0 && fd < 1024) atomic_store(&broken[fd], 0);
    return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *bytes, size_t count) { return written(fd, bytes, count, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return written(fd, bytes, count, offset); }
ssize_t read(int fd, void *bytes, size_t count) { return taken(fd, bytes, count, -1); }
ssize_t pread(int fd, void *bytes, size_t count, off_t offset) { return taken(fd, bytes, count, offset); }
