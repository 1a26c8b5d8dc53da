"""Names, kinds, modes, times and attributes that break careless backup programs."""
import os
import socket
import stat
import struct
import sys

NOTE = "user.hdsbackup.note"
DEEP_LEVELS = 30  # of 200-byte names: 6,000 bytes, beyond the 4,096 of PATH_MAX


def posix_acl(user):
    """An access ACL as the kernel stores it (acl_ea_header in linux/posix_acl_xattr.h): `user` may read."""
    owner, named, group, mask, other, nobody = 1, 2, 4, 16, 32, 0xFFFFFFFF
    entries = [(owner, 6, nobody), (named, 4, user), (group, 4, nobody), (mask, 4, nobody), (other, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def if_allowed(what, act):
    """File systems without attributes and users without rights get a smaller sample, and are told so."""
    try:
        act()
    except OSError as error:
        print(f"hospital.py: left out: {what}: {error.strerror}", file=sys.stderr)


def add(tree, deep):
    """Fills odd/ of the first version."""
    tree.folder("odd/empty-folder")
    names(tree)
    links(tree)
    special(tree)
    modes(tree)
    times(tree)
    attributes(tree)
    tree.write("odd/" + "/".join(f"level-{i:02d}" for i in range(40)) + "/bottom.txt", b"deep\n")
    if deep:
        beyond_path_max(tree)


def names(tree):
    tree.write("odd/empty", b"")
    tree.write("odd/one-byte", b"x")
    tree.write("odd/Compte rendu d'hospitalisation - à ü ✚.txt", b"accents\n")
    tree.write("odd/ spaces before and after ", b"spaces\n")
    tree.write("odd/new\nline", b"a name with a new line\n")
    tree.write("odd/-rf", b"a name that looks like an option\n")
    tree.write("odd/back\\slash \"quotes\" $HOME *", b"a name that shells would change\n")
    tree.write("odd/" + "n" * 255, b"the longest name\n")
    tree.write("odd/latin1-\udce9\udcff.txt", b"a name that is not UTF-8\n")
    tree.write("odd/latin1-folder-\udce9/file", b"in a folder whose name is not UTF-8\n")
    tree.write("odd/\u00e9.txt", b"one code point (NFC)\n")
    tree.write("odd/e\u0301.txt", b"two code points (NFD): another file\n")


def links(tree):
    targets = [("link", "one-byte"), ("dangling", "no/such/file"), ("loop", "loop"), ("up", ".."),
               ("absolute", "/nonexistent/file"), ("not-utf8-target", "latin1-\udce9\udcff.txt")]
    for name, target in targets:
        os.symlink(target.encode("utf-8", "surrogateescape"), tree.at(f"odd/{name}"))
        tree.date(f"odd/{name}")
    tree.write("odd/hard-1", b"one file, three names\n")
    tree.folder("odd/elsewhere")
    os.link(tree.at("odd/hard-1"), tree.at("odd/hard-2"))
    os.link(tree.at("odd/hard-1"), tree.at("odd/elsewhere/hard-3"))


def special(tree):
    """Their names end with their kind, so that a tool that cannot compare them can leave them out by name."""
    os.mkfifo(tree.at("odd/pipe.fifo"), 0o640)
    tree.date("odd/pipe.fifo")
    folder = os.open(tree.at("odd"), os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(socket.AF_UNIX) as listener:  # through /proc: a socket's address has 108 bytes at most
        listener.bind(f"/proc/self/fd/{folder}/listener.socket")
    os.close(folder)
    tree.date("odd/listener.socket")
    if os.geteuid() == 0:
        def null():
            os.mknod(tree.at("odd/null.device"), stat.S_IFCHR | 0o660, os.makedev(1, 3))
            tree.date("odd/null.device")
        if_allowed("a character device", null)


def modes(tree):
    root = os.geteuid() == 0
    # Others than root cannot read their own file of mode 0000: no backup of theirs could be whole.
    for mode in (0o000,) * root + (0o400, 0o640, 0o755, 0o1777, 0o2755, 0o4755):
        path = f"odd/mode-{mode:04o}"
        tree.write(path, b"mode\n")
        os.chmod(tree.at(path), mode)
    for mode in (0o555, 0o700, 0o1777, 0o2755):
        path = f"odd/folder-{mode:04o}"
        tree.write(f"{path}/file", b"in a folder with a mode of its own\n")
        os.chmod(tree.at(path), mode)
    if root:  # ids that no account has
        tree.write("odd/owner-54321", b"of an owner that has no name here\n")
        os.chown(tree.at("odd/owner-54321"), 54321, 54322)


def times(tree):
    dated = {"nanoseconds": 1_234_567_890_123_456_789, "before-1970": -86_400_000_000_001, "at-1970": 0,
             "after-2038": 4_102_444_800_000_000_001}
    for name, ns in dated.items():
        tree.write(f"odd/{name}", b"time\n")
        tree.date(f"odd/{name}", ns)


def attributes(tree):
    tree.write("odd/attributes", b"attributes\n")
    tree.write("odd/acl", b"an access control list\n")
    tree.folder("odd/folder-with-attribute")

    def user():
        os.setxattr(tree.at("odd/attributes"), NOTE, bytes(range(64)))
        os.setxattr(tree.at("odd/attributes"), "user.empty", b"")
        os.setxattr(tree.at("odd/attributes"), "user.large", bytes(range(256)) * 4)
        os.setxattr(tree.at("odd/folder-with-attribute"), NOTE, b"service: radiologie")
    if_allowed("user attributes", user)
    if_allowed("a POSIX ACL", lambda: os.setxattr(tree.at("odd/acl"), "system.posix_acl_access", posix_acl(1000)))


def beyond_path_max(tree):
    """A path that no system call takes whole: every step goes through the folder before it."""
    tree.folder("odd/beyond-path-max")
    folders = [os.open(tree.at("odd/beyond-path-max"), os.O_RDONLY | os.O_DIRECTORY)]
    for level in range(DEEP_LEVELS):
        name = f"level-{level:02d}-".ljust(200, "d")
        os.mkdir(name, dir_fd=folders[-1])
        folders.append(os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=folders[-1]))
    bottom = folders[-1]
    file = os.open("bottom.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=bottom)
    os.write(file, b"beyond PATH_MAX\n")
    os.close(file)
    os.symlink("bottom.txt", "link", dir_fd=bottom)
    for name in ("bottom.txt", "link"):
        ns = tree.moment(f"beyond/{name}")
        os.utime(name, ns=(ns, ns), dir_fd=bottom, follow_symlinks=False)
    for level, folder in enumerate(folders):
        ns = tree.moment(f"beyond/{level}")
        os.utime(folder, ns=(ns, ns))
        os.close(folder)
    tree.touched.discard("odd/beyond-path-max")


def change(tree, day):
    """A working day among the oddities: each kind of change that a backup program may overlook."""
    kept = os.lstat(tree.at("odd/nanoseconds")).st_mtime_ns
    tree.write("odd/nanoseconds", b"edit\n")  # same size, and the old time is put back: only ctime tells
    tree.date("odd/nanoseconds", kept)
    os.chmod(tree.at("odd/mode-0640"), (0o600, 0o640)[day % 2])  # the mode alone
    if_allowed("user attributes", lambda: os.setxattr(tree.at("odd/attributes"), NOTE, b"day %d" % day))
    tree.remove("odd/link")
    os.symlink(b"hard-%d" % (day % 2 + 1), tree.at("odd/link"))
    tree.date("odd/link")
    if os.path.lexists(tree.at("odd/hard-2")):
        tree.remove("odd/hard-2")  # one name fewer, same content
    if os.path.isfile(tree.at("odd/empty")):
        tree.remove("odd/empty")  # a file becomes a folder
        tree.write("odd/empty/no-more", b"a file was here\n")
