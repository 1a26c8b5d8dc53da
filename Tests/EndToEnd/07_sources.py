"""What a source may hold and do: odd names and kinds, patterns left out, commands, files that do not hold still."""
import os
import re
import shutil
import subprocess
import threading

import hdstest
from hdstest import (IS_ROOT, NOBODY, Machine, Skip, Suite, Watched, as_nobody, below, expect, expect_equal, expect_in,
                     expect_restores, expect_same, fresh, path_of)

suite = Suite("07 sources")


# Hard cases

@suite.test
def names_kinds_modes_times_attributes_and_holes_come_back():
    machine = Machine("odd")
    source = hdstest.hospital(machine.root / "sample", "--deep", mib=1)
    add_more_oddities(source / "odd")
    machine.add_source("odd", source).init()
    machine.backup()
    for site in machine.sites:
        expect_restores(machine, "odd@latest", source, None, "--site", site)


def add_more_oddities(folder):
    """What the sample does not have: holes at either end and everywhere, names of any byte, a default ACL, capabilities."""
    for name, extents in {"only-hole": [], "hole-first": [(9 << 20, 5000)], "hole-last": [(0, 5000)],
                          "comb": [(i << 17, 4096) for i in range(200)]}.items():
        with open(folder / name, "wb") as file:
            for offset, size in extents:
                file.seek(offset)
                file.write(os.urandom(size))
            file.truncate(64 << 20)
    os.mkdir(os.fsencode(folder) + b"/bytes")
    for byte in set(range(1, 256)) - {ord("/")}:
        with open(os.fsencode(folder) + b"/bytes/b" + bytes([byte]), "wb"):
            pass
    (folder / "inherits").mkdir()
    (folder / "capable").write_bytes(b"\x7fELF")
    try:
        acl = os.getxattr(folder / "acl", "system.posix_acl_access")
        os.setxattr(folder / "inherits", "system.posix_acl_default", acl)
        if IS_ROOT:
            os.setxattr(folder / "capable", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    except OSError as error:
        print(f"        left out: {error.strerror}")


@suite.test
def what_was_done_without_rights_restores_without_rights():
    """As nobody: own files; owners cannot be set, and need not be."""
    machine, source = machine_of_nobody("unprivileged")
    run_as_nobody(machine, "backup")
    target = machine.root / "restored"
    run_as_nobody(machine, "restore", "dpi@latest", source, "--strip", "--to", target)
    expect_same(source, target)


@suite.test
def a_source_below_a_folder_that_may_be_passed_but_not_listed_is_backed_up():
    machine, source = machine_of_nobody("passed")
    outer = machine.root / "outer"
    outer.mkdir()
    source.rename(outer / "sample")
    machine.settings["source.dpi"]["paths"] = [outer / "sample"]
    machine.write()
    outer.chmod(0o711 if IS_ROOT else 0o311)
    result = run_as_nobody(machine, "backup", "--json").json
    expect(result["files"] > 1, f"{result['files']} files")
    outer.chmod(0o755)
    run_as_nobody(machine, "restore", "dpi@latest", outer / "sample", "--strip", "--to", machine.root / "restored")
    expect_same(outer / "sample", machine.root / "restored")


def machine_of_nobody(name):
    """A machine whose files belong to somebody without rights."""
    machine = Machine(name)
    source = machine.root / "sample"
    (source / "folder").mkdir(parents=True)
    for i in range(20):
        (source / "folder" / f"file-{i}").write_bytes(os.urandom(5000 * i))
    machine.add_source("dpi", source).write()
    if IS_ROOT:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", machine.root], check=True)
    run_as_nobody(machine, "init", "--kit-out", machine.kit)
    return machine, source


def run_as_nobody(machine, *words, exit=0):
    return hdstest.Runner.run([*as_nobody(), *machine.words(*words)], exit=exit, env=machine.environment(), cwd="/")


# What is left out

PATTERNS = ["*.tmp", "cache/", "/rooted", "deep/er/", "**/any/leaf", "logs/**", "!logs/", "star*[0-9]?", "!keep.tmp", "a\\*b", "trailing/**/end"]
LEFT_OUT = {"x.tmp", "sub/x.tmp", "cache", "sub/cache", "rooted", "deep/er", "any/leaf", "sub/any/leaf", "logs/a", "star12",
            "a*b", "trailing/end", "trailing/x/y/end"}
TAKEN = {"x.tmpx", "keep.tmp", "sub/keep.tmp", "file-named/cache", "sub/rooted", "sub/deep/er/f", "deep/f", "any/leaves", "star1",
         "starx", "aXb", "trailing/x/y/other"}


@suite.test
def excludes_mean_what_they_mean_to_git():
    machine = Machine("excludes")
    source = machine.root / "sample"
    for path in sorted(LEFT_OUT | TAKEN):
        file = source / path
        if path in ("cache", "sub/cache", "deep/er"):
            file = file / "inside"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    machine.add_source("dpi", source, exclude=PATTERNS).init()
    machine.backup()
    found = {path for path in taken(machine, "dpi", source) if (source / path).is_file()}
    expect_equal(found, TAKEN, "files that were taken")
    machine.restore("dpi@latest", fresh())


def taken(machine, source, root):
    """Paths of a snapshot relative to the source's path."""
    lines = machine.run("ls", f"{source}@latest", root, "--json").lines
    return {os.path.relpath(line["path"]["path"] if isinstance(line["path"], dict) else line["path"], root) for line in lines}


@suite.each(("stays", True), ("is left where it is not asked to stay", False))
def one_file_system(_, stays):
    machine = Machine(f"one-fs-{stays}")
    source = machine.root / "sample"
    (source / "mounted").mkdir(parents=True)
    (source / "here").write_text("here")
    machine.add_source("dpi", source, one_file_system=stays).init()
    script = 'mount -t tmpfs none "$1" && echo there > "$1/there" && shift && exec "$@"'
    words = ["unshare", "-m" if IS_ROOT else "-rm", "sh", "-c", script, "sh", source / "mounted"]
    if subprocess.run([*words[:2], "mount", "-t", "tmpfs", "none", source / "mounted"], capture_output=True, check=False).returncode:
        raise Skip("nothing may be mounted here")
    hdstest.Runner.run([*words, *machine.words("backup")], env=machine.environment())
    expect_equal(taken(machine, "dpi", source), {".", "here", "mounted"} | (set() if stays else {"mounted/there"}), "what was taken")


# Commands as sources

@suite.each(
    ("it fails after it printed", ["sh", "-c", "head -c 3000000 /dev/urandom; exit 3"]),
    ("it is killed", ["sh", "-c", "echo begun; kill -9 $$"]),
    ("it is not there", ["/no/such/command"]),
    ("it takes longer than its timeout", ["sh", "-c", "echo begun; sleep 600"]))
def a_command_makes_no_snapshot_when(reason, words):
    machine = Machine("fails-" + re.sub(r"\W", "-", reason))
    machine.add_source("base", command=words, timeout="1s").init()
    result = machine.run("backup", "--json", exit=1)
    expect("base" in result.all or words[0] in result.all, "it does not say which command")
    expect_equal(machine.snapshots(), [], "snapshots")


@suite.test
def the_helpers_of_a_command_that_timed_out_do_not_live_on():
    machine = Machine("timed-out")
    note = machine.root / "pid"
    machine.add_source("base", command=["sh", "-c", f"sleep 600 & echo $! > {note}; wait"], timeout="1s").init()
    machine.run("backup", exit=1)
    expect(not os.path.exists(f"/proc/{note.read_text().strip()}/cmdline") or b"sleep" not in
           open(f"/proc/{note.read_text().strip()}/cmdline", "rb").read(), "its child still runs")


@suite.test
def a_failing_command_does_not_keep_other_sources_from_their_snapshot():
    machine = Machine("one-fails")
    (machine.root / "sample").mkdir()
    machine.add_source("base", command=["false"]).add_source("dpi", machine.root / "sample").init()
    machine.run("backup", exit=(1, 3))
    expect_equal([each["source"] for each in machine.snapshots()], ["dpi"], "sources with a snapshot")


@suite.test
def a_command_runs_as_the_user_that_is_named():
    if not IS_ROOT:
        raise Skip("only root may become another user")
    machine = Machine("as-user")
    machine.add_source("base", command=["id", "-u"], user="nobody").init()
    machine.backup()
    expect_equal(machine.run("cat", "base@latest").out, f"{NOBODY}\n", "the user's number")


@suite.test
def a_source_may_be_standard_input():
    machine = Machine("piped")
    machine.add_source("dump", stdin=True).init()
    data = os.urandom(5_000_000)
    machine.run("backup", "dump", stdin=data)
    expect_equal(machine.run("cat", "dump@latest").raw, data, "the content")


@suite.test
def hooks_run_around_the_backup_and_after_runs_always():
    machine = Machine("hooks")
    source, log = machine.root / "sample", machine.root / "log"
    source.mkdir()
    write = lambda word, status: ["sh", "-c", f"echo {word} >> {log}; exit {status}"]
    machine.add_source("good", source, before=write("frozen", 0), after=write("thawed", 0))
    machine.add_source("bad", source, before=write("not-frozen", 1), after=write("thawed-too", 0)).init()
    machine.run("backup", "good")
    expect_equal(log.read_text().split(), ["frozen", "thawed"], "what ran")
    machine.run("backup", "bad", exit=1)
    expect_equal(log.read_text().split()[2:], ["not-frozen", "thawed-too"], "what ran around the one that failed")
    expect_equal([each["source"] for each in machine.snapshots()], ["good"], "sources with a snapshot")


# Sources that do not hold still

def restless(name, *, files=30):
    """A machine with a source of one large file, first in order, and many small ones."""
    machine = Machine(name)
    source = machine.root / "sample"
    (source / "b-still").mkdir(parents=True)
    (source / "a-large").write_bytes(os.urandom(96 << 20))
    for i in range(files):
        (source / "b-still" / f"file-{i}").write_bytes(os.urandom(1000 * i))
    machine.add_source("dpi", source).init()
    return machine, source


def expect_still(machine, source):
    """What did not change meanwhile is intact."""
    target = fresh()
    machine.restore("dpi@latest", target)
    expect_same(source / "b-still", below(target, source / "b-still"))
    return below(target, source)


@suite.test
def a_file_that_grows_while_it_is_read_is_reported_and_holds_its_beginning():
    machine, source = restless("grows")
    run = Watched(machine, "backup", "--json")
    run.reach("session begun")
    over = threading.Event()

    def grow():
        with open(source / "a-large", "ab", buffering=0) as file:
            while not over.is_set():
                file.write(b"more and more\n" * 100)
    writer = threading.Thread(target=grow)
    writer.start()
    result = run.finish()
    over.set()
    writer.join()
    expect_equal(result.exit, 3, "exit status")
    expect_in("a-large", result.all)
    restored = (expect_still(machine, source) / "a-large").read_bytes()
    expect((source / "a-large").read_bytes().startswith(restored), "the restored file is no beginning of the file")
    expect(len(restored) >= 96 << 20, f"only {len(restored)} bytes were taken")


def while_paused(machine, act):
    """A backup that is held at its first sealed pack while something happens to the source; its result."""
    run = Watched(machine, "backup", "--json")
    expect(run.reach("pack sealed"), "no pack was sealed")
    run.pause()
    act()
    run.go_on()
    return run.finish()


@suite.test
def a_file_that_shrinks_while_it_is_read_is_reported():
    machine, source = restless("shrinks")
    result = while_paused(machine, lambda: os.truncate(source / "a-large", 1 << 20))
    expect_equal(result.exit, 3, "exit status")
    expect_in("a-large", result.all)
    expect_still(machine, source)


@suite.test
def a_folder_that_vanishes_while_the_source_is_read_is_reported():
    machine, source = restless("vanishes")
    (source / "c-gone").mkdir()
    (source / "c-gone" / "file").write_text("gone")
    result = while_paused(machine, lambda: shutil.rmtree(source / "c-gone"))
    expect_equal(result.exit, 3, "exit status")
    expect_in("c-gone", result.all)
    expect_still(machine, source)


@suite.test
def a_file_that_becomes_a_link_or_a_pipe_meanwhile_is_not_followed():
    machine, source = restless("swapped")
    for name in ("d-link", "e-pipe"):
        (source / name).write_text("a file")

    def swap():
        for name in ("d-link", "e-pipe"):
            (source / name).unlink()
        os.symlink("/etc/passwd", source / "d-link")
        os.mkfifo(source / "e-pipe")
    expect_equal(while_paused(machine, swap).exit in (0, 3), True, "the run ends")
    restored = expect_still(machine, source)
    expect(not (restored / "d-link").is_file() or os.path.islink(restored / "d-link") or
           (restored / "d-link").read_text() == "a file", "the content of another file was taken")


@suite.test
def what_may_not_be_read_is_listed_and_the_rest_is_intact():
    machine, source = machine_of_nobody("unreadable")
    (source / "secret").write_text("nobody may read it")
    (source / "closed").mkdir()
    (source / "closed" / "inside").write_text("nobody comes here")
    for name in ("secret", "closed"):
        os.chown(source / name, NOBODY, NOBODY) if IS_ROOT else None
        (source / name).chmod(0)
    result = run_as_nobody(machine, "backup", "--json", exit=3)
    problems = {os.path.relpath(path_of(problem), source) for problem in result.json["problems"]}
    expect_equal(problems, {"secret", "closed"}, "paths reported")
    expect_equal(result.json["complete"], False, "complete")
    target = machine.root / "restored"
    run_as_nobody(machine, "restore", "dpi@latest", source, "--strip", "--to", target)
    expect_same(source / "folder", target / "folder")
    expect(not (target / "secret").exists() or (target / "secret").stat().st_size == 0, "the unreadable file has content")


suite.main()
