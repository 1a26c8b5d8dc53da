#define _GNU_SOURCE
#include <sys/prctl.h>
#include "CLinux.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <pwd.h>
#include <spawn.h>
#include <string.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static int argument_count;
static char **arguments;

/* glibc hands them to constructors too. Swift's own CommandLine reads /proc/self/cmdline, which a bare machine may lack. */
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    arguments = values;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int number) { return arguments[number]; }

static int fill(int dirfd, const char *name, int flags, clinux_stat *out) {
    struct statx s;
    if (statx(dirfd, name, flags | AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, &s) != 0) return -1;
    out->mask = s.stx_mask;
    out->nlink = s.stx_nlink;
    out->uid = s.stx_uid;
    out->gid = s.stx_gid;
    out->blksize = s.stx_blksize;
    out->mode = s.stx_mode;
    out->ino = s.stx_ino;
    out->size = s.stx_size;
    out->blocks = s.stx_blocks;
    out->attributes = s.stx_attributes;
    out->mtime_sec = s.stx_mtime.tv_sec;
    out->mtime_nsec = s.stx_mtime.tv_nsec;
    out->ctime_sec = s.stx_ctime.tv_sec;
    out->ctime_nsec = s.stx_ctime.tv_nsec;
    out->btime_sec = s.stx_btime.tv_sec;
    out->btime_nsec = s.stx_btime.tv_nsec;
    out->rdev_major = s.stx_rdev_major;
    out->rdev_minor = s.stx_rdev_minor;
    out->dev_major = s.stx_dev_major;
    out->dev_minor = s.stx_dev_minor;
    return 0;
}

int clinux_statx(int dirfd, const char *name, clinux_stat *out) {
    return fill(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, out);
}

int clinux_fstatx(int fd, clinux_stat *out) { return fill(fd, "", AT_EMPTY_PATH, out); }

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
int clinux_chmod(int dirfd, const char *name, uint32_t mode) {
    return (int)syscall(SYS_fchmodat2, dirfd, name, mode, AT_SYMLINK_NOFOLLOW);
}

int clinux_openat(int dirfd, const char *name, int flags, uint32_t mode) { return openat(dirfd, name, flags, mode); }

int clinux_openat2_beneath(int dirfd, const char *name, int flags, uint32_t mode) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (unsigned)flags;
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof how);
}

long clinux_getdents64(int fd, void *buffer, size_t size) { return syscall(SYS_getdents64, fd, buffer, size); }

const char *clinux_dirent(const void *record, uint16_t *reclen, uint64_t *ino, uint8_t *type) {
    const struct dirent64 *d = record;
    *reclen = d->d_reclen;
    *ino = d->d_ino;
    *type = d->d_type;
    return d->d_name;
}

int clinux_punch_hole(int fd, int64_t offset, int64_t length) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int clinux_terminal_columns(int fd) {
    struct winsize w;
    return ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

int clinux_mknodat(int dirfd, const char *name, uint32_t mode, uint32_t major_number, uint32_t minor_number) {
    return mknodat(dirfd, name, mode, makedev(major_number, minor_number));
}

int clinux_set_mtime(int dirfd, const char *name, int flags, int64_t seconds, uint32_t nanoseconds) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return utimensat(dirfd, name, times, flags);
}

int64_t clinux_seek_data(int fd, int64_t offset) { return lseek(fd, offset, SEEK_DATA); }
int64_t clinux_seek_hole(int fd, int64_t offset) { return lseek(fd, offset, SEEK_HOLE); }

int clinux_statvfs(int fd, uint64_t *free_bytes, uint64_t *free_inodes, uint64_t *total_bytes) {
    struct statvfs s;
    if (fstatvfs(fd, &s) != 0) return -1;
    *free_bytes = (uint64_t)s.f_bavail * s.f_frsize;
    *free_inodes = s.f_files == 0 ? UINT64_MAX : s.f_favail;
    *total_bytes = (uint64_t)s.f_blocks * s.f_frsize;
    return 0;
}

long clinux_listxattr(int fd, char *list, size_t size) { return flistxattr(fd, list, size); }
long clinux_getxattr(int fd, const char *name, void *value, size_t size) { return fgetxattr(fd, name, value, size); }
int clinux_setxattr(int fd, const char *name, const void *value, size_t size) { return fsetxattr(fd, name, value, size, 0); }
int clinux_removexattr(int fd, const char *name) { return fremovexattr(fd, name); }
long clinux_llistxattr(const char *path, char *list, size_t size) { return llistxattr(path, list, size); }
long clinux_lgetxattr(const char *path, const char *name, void *value, size_t size) { return lgetxattr(path, name, value, size); }
int clinux_lsetxattr(const char *path, const char *name, const void *value, size_t size) { return lsetxattr(path, name, value, size, 0); }

int clinux_user_name(uint32_t uid, char *name, size_t size) {
    char buffer[16384];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0 || !found || strlen(entry.pw_name) >= size) return -1;
    strcpy(name, entry.pw_name);
    return 0;
}

int clinux_group_name(uint32_t gid, char *name, size_t size) {
    char buffer[16384];
    struct group entry, *found = NULL;
    if (getgrgid_r(gid, &entry, buffer, sizeof buffer, &found) != 0 || !found || strlen(entry.gr_name) >= size) return -1;
    strcpy(name, entry.gr_name);
    return 0;
}

int64_t clinux_user_id(const char *name) {
    char buffer[16384];
    struct passwd entry, *found = NULL;
    return getpwnam_r(name, &entry, buffer, sizeof buffer, &found) == 0 && found ? (int64_t)entry.pw_uid : -1;
}

int64_t clinux_group_id(const char *name) {
    char buffer[16384];
    struct group entry, *found = NULL;
    return getgrnam_r(name, &entry, buffer, sizeof buffer, &found) == 0 && found ? (int64_t)entry.gr_gid : -1;
}

int clinux_rename_noreplace(int dirfd, const char *from, const char *to) {
    return (int)syscall(SYS_renameat2, dirfd, from, dirfd, to, 1 /* RENAME_NOREPLACE */);
}

int clinux_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }

double clinux_cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int clinux_end_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

int clinux_duplicate_above(int fd, int lowest) { return fcntl(fd, F_DUPFD_CLOEXEC, lowest); }

int clinux_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_is_member(uint32_t uid, uint32_t gid, uint32_t group) {
    char name[256];
    gid_t groups[1024];
    int count = 1024;
    if (clinux_user_name(uid, name, sizeof name) != 0) return 0;
    if (getgrouplist(name, gid, groups, &count) < 0) return 0;
    for (int i = 0; i < count; i++) if (groups[i] == group) return 1;
    return 0;
}

int clinux_spawn_close_from(void *actions, int lowest) { return posix_spawn_file_actions_addclosefrom_np(actions, lowest); }

int64_t clinux_primary_group(const char *user) {
    char buffer[16384];
    struct passwd entry, *found = NULL;
    return getpwnam_r(user, &entry, buffer, sizeof buffer, &found) == 0 && found ? (int64_t)found->pw_gid : -1;
}

int clinux_dns_alias(const char *name, char *target, size_t size) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) return -1;
    state.retrans = 2;
    state.retry = 2;
    unsigned char answer[4096];
    int length = res_nquery(&state, name, ns_c_in, ns_t_cname, answer, sizeof answer);
    int result = 0;
    if (length < 0) {
        result = state.res_h_errno == HOST_NOT_FOUND || state.res_h_errno == NO_DATA ? 0 : -1;
    } else {
        ns_msg message;
        ns_rr record;
        if (length > (int)sizeof answer || ns_initparse(answer, length, &message) != 0) result = -1;
        for (int i = 0; result == 0 && i < ns_msg_count(message, ns_s_an); i++) {
            if (ns_parserr(&message, ns_s_an, i, &record) != 0) result = -1;
            else if (ns_rr_type(record) == ns_t_cname)
                result = dn_expand(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record), target, (int)size) < 0 ? -1 : 1;
        }
    }
    res_nclose(&state);
    return result;
}
