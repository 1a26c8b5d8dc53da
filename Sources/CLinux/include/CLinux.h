// The Linux calls that Swift cannot import: variadic functions, raw system calls and structures that
// the C library hides behind feature macros. Plain types only: system headers included here would
// clash with the copies that other C modules of the program see. errno is left to the caller.
#ifndef CLINUX_H
#define CLINUX_H
#include <stddef.h>
#include <stdint.h>

// The program's arguments.
int clinux_argument_count(void);
const char *clinux_argument(int number);

// statx(2): the fields that a backup needs.
typedef struct {
    uint32_t mask, nlink, uid, gid, blksize;
    uint16_t mode;
    uint64_t ino, size, blocks, attributes;
    int64_t mtime_sec, ctime_sec, btime_sec;
    uint32_t mtime_nsec, ctime_nsec, btime_nsec;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
} clinux_stat;

// Of `name` in a folder, never following a last symbolic link, or of an open file.
int clinux_statx(int dirfd, const char *name, clinux_stat *out);
int clinux_fstatx(int fd, clinux_stat *out);
int clinux_openat(int dirfd, const char *name, int flags, uint32_t mode);
// openat2(2), resolved below dirfd without following any link.
int clinux_openat2_beneath(int dirfd, const char *name, int flags, uint32_t mode);
long clinux_getdents64(int fd, void *buffer, size_t size);
// The name of the directory entry at `record`; its length, inode and DT_ type through the pointers.
const char *clinux_dirent(const void *record, uint16_t *reclen, uint64_t *ino, uint8_t *type);
int clinux_punch_hole(int fd, int64_t offset, int64_t length);
int clinux_terminal_columns(int fd);
// chmod(2) of `name` in a folder, following no link (fchmodat2, Linux 6.6): -1 with ENOSYS before.
int clinux_chmod(int dirfd, const char *name, uint32_t mode);
int clinux_mknodat(int dirfd, const char *name, uint32_t mode, uint32_t major, uint32_t minor);
// utimensat(2) of the modification time only; the access time is left as it is.
int clinux_set_mtime(int dirfd, const char *name, int flags, int64_t seconds, uint32_t nanoseconds);
int64_t clinux_seek_data(int fd, int64_t offset);
int64_t clinux_seek_hole(int fd, int64_t offset);
// Free bytes, free inodes (UINT64_MAX where there is no limit) and total bytes of the file system.
int clinux_statvfs(int fd, uint64_t *free_bytes, uint64_t *free_inodes, uint64_t *total_bytes);
long clinux_listxattr(int fd, char *list, size_t size);
long clinux_getxattr(int fd, const char *name, void *value, size_t size);
int clinux_setxattr(int fd, const char *name, const void *value, size_t size);
int clinux_removexattr(int fd, const char *name);
// The same for a path, without following a last symbolic link.
long clinux_llistxattr(const char *path, char *list, size_t size);
long clinux_lgetxattr(const char *path, const char *name, void *value, size_t size);
int clinux_lsetxattr(const char *path, const char *name, const void *value, size_t size);
// Name of a user or group, or -1 when there is none; id of a name, or -1.
int clinux_user_name(uint32_t uid, char *name, size_t size);
int clinux_group_name(uint32_t gid, char *name, size_t size);
int64_t clinux_user_id(const char *name);
int64_t clinux_group_id(const char *name);
// The group that the user's entry names, or -1.
int64_t clinux_primary_group(const char *user);
// Whether the user, whose own group is `gid`, is in `group`: 1 or 0.
int clinux_is_member(uint32_t uid, uint32_t gid, uint32_t group);
// renameat2(2) within a folder that never replaces: -1 with EEXIST where the name is taken.
int clinux_rename_noreplace(int dirfd, const char *from, const char *to);
// An exclusive lock of the open file, not waited for: 0, or -1 with EWOULDBLOCK.
int clinux_lock(int fd);
// A pipe whose ends close on exec.
int clinux_pipe(int ends[2]);
// A descriptor that is readable once the process has ended (pidfd_open(2), Linux 5.3).
int clinux_pidfd_open(int pid);
// Has a child close every descriptor from `lowest` on; `actions` is a posix_spawn_file_actions_t (glibc 2.34).
int clinux_spawn_close_from(void *actions, int lowest);
// A copy of `fd`, `lowest` at least, that closes on exec.
int clinux_duplicate_above(int fd, int lowest);
// Name of the calling thread, for ps and perf: 15 bytes at most.
void clinux_name_thread(const char *name);
// Has the kernel send this process `signal` when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG).
int clinux_end_with_parent(int signal);
// The name that `name` is an alias of in the DNS: 1, 0 where it is none, -1 without an answer.
int clinux_dns_alias(const char *name, char *target, size_t size);
// User and system seconds of this process so far.
double clinux_cpu_seconds(void);

// Counters in plain memory that threads share: rows of a mapped file, which Swift's Atomic cannot be laid
// over. The last two return what was there before.
static inline uint32_t clinux_atomic_load(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline uint32_t clinux_atomic_or(uint32_t *p, uint32_t bits) { return __atomic_fetch_or(p, bits, __ATOMIC_ACQ_REL); }
static inline uint32_t clinux_atomic_add(uint32_t *p, uint32_t n) { return __atomic_fetch_add(p, n, __ATOMIC_ACQ_REL); }
#endif
