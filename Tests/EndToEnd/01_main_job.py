"""The main job: back up to two sites, lose one, bring it level, restore each day from each site."""
import os
import re
import shutil
import socket
import subprocess
import threading

import hdstest
from hdstest import (IS_ROOT, NOBODY, ONE_PACK, Machine, Skip, Suite, Watched, as_nobody, below, expect, expect_equal, expect_in,
                     expect_restores, expect_same, fixture, fresh)

suite = Suite("01 main job")
DAYS = range(3)


# Three days

@fixture
def week():
    """A machine whose source was backed up on three days; paris was emptied in between and brought level again."""
    machine = Machine("week")
    machine.source = hdstest.hospital(machine.root / "sample", mib=16)
    machine.add_source("dpi", machine.source)
    machine.add_source("base", command=["cat", machine.source / "database" / "dump.sql"])
    machine.init()
    machine.kept, machine.days = [], []
    for day in DAYS:
        if day:
            hdstest.working_day(machine.source, seed=1 + day)
        if day == 2:
            hdstest.remove(machine.site("paris"))
            machine.site("paris").mkdir()
            machine.refilled = [machine.run("init"), machine.run("replicate", "--to", "paris")]
        machine.kept.append(hdstest.Kept(machine.source, machine.root / "kept" / str(day)))
        machine.days.append({line["source"]: line["snapshot"] for line in machine.backup()})
    return machine


@suite.test
def the_comparison_notices_what_a_restore_could_lose():
    source = hdstest.hospital(fresh("compared"), mib=1)
    copy = hdstest.copy(source, fresh("copy"))
    expect_same(source, copy, "--no-holes")
    expect_in("data", hdstest.differences(source, copy))
    scan = next((copy / "scans").rglob("*.pdf"))
    info = scan.stat()
    data = bytearray(scan.read_bytes())
    data[len(data) // 2] ^= 1
    with open(scan, "r+b") as file:
        file.write(data)
    os.utime(scan, ns=(info.st_atime_ns, info.st_mtime_ns))
    expect_in("sha256", hdstest.differences(source, copy))
    for what, change in {"mtime": lambda path: os.utime(path, ns=(1, 1)), "mode": lambda path: os.chmod(path, 0o611),
                         "xattr": lambda path: os.setxattr(path, "user.more", b"x"), "only in": os.unlink}.items():
        change(copy / "odd" / "one-byte")
        expect_in(what, hdstest.differences(source, copy))
    for folder in (source, copy):
        hdstest.remove(folder)


@suite.each(*((f"day {day} from {site}", day, site) for day in DAYS for site in ("paris", "lille")))
def each_snapshot_restores_from_each_site_as_the_source_was(_, day, site):
    machine = week()
    expect_restores(machine, machine.days[day]["dpi"], machine.source, machine.kept[day], "--site", site)


@suite.test
def a_site_that_was_emptied_is_prepared_and_brought_level():
    machine = week()
    expect_in("paris", machine.refilled[0].out)
    snapshots = machine.snapshots()
    expect_equal([each["id"] for each in snapshots], [day[source] for day in machine.days for source in ("dpi", "base")], "ids")
    for each in snapshots:
        expect_equal(sorted(each["sites"]), ["lille", "paris"], f"sites of {each['id']}")
    for line in machine.run("replicate", "--json").lines:
        expect_equal((line["level"], line["snapshots"], line["packs"]), (True, [], 0), f"replicating to {line['site']} again")


@suite.test
def an_unchanged_source_is_not_read_and_not_stored_again():
    machine = Machine("unchanged")
    source = hdstest.hospital(machine.root / "sample", mib=2)
    machine.add_source("dpi", source).init()
    first, _, third = (machine.backup()[0] for _ in range(3))
    expect(first["stored_bytes"] > 1 << 20, "the first run stored hardly anything")
    expect(third["stored_bytes"] <= ONE_PACK, f"the third run stored {third['stored_bytes']} bytes")
    expect_equal(third["read_bytes"], 0, "bytes read by the third run")
    expect_restores(machine, third["snapshot"], source)


@suite.test
def verify_finds_nothing_wrong_with_or_without_keys():
    machine = week()
    machine.run("verify", "--read", "all")
    machine.run("verify", "--read", "all", "--open")
    machine.run("verify", "--read", "due")
    machine.run("verify", "--read", "10%", "--site", "lille")


# Restoring a part, over something, and again

@suite.test
def a_path_alone_restores_below_its_full_path():
    machine = week()
    target, path = fresh(), machine.source / "fhir"
    machine.restore("dpi@latest", target, path)
    expect_same(path, below(target, path))
    expect_equal(sorted(os.listdir(below(target, machine.source))), ["fhir"], "what came besides")


@suite.test
def with_strip_the_content_of_a_path_comes_to_the_target_itself():
    machine = week()
    target = fresh()
    machine.restore("dpi@latest", target, machine.source / "odd", "--strip")
    expect_same(machine.source / "odd", target)


@suite.test
def a_restore_over_a_changed_folder_repairs_what_differs():
    machine = week()
    target = fresh()
    machine.restore("dpi@latest", target)
    restored = below(target, machine.source)
    spoil(restored)
    machine.restore("dpi@latest", target, "--delete")
    expect_same(machine.source, restored)


def spoil(folder):
    """Changes bytes with the size and the time kept, removes, adds, and puts folders for files."""
    scan = next((folder / "scans").rglob("*.pdf"))
    info = scan.stat()
    with open(scan, "r+b") as file:
        file.write(b"XXXX")
    os.utime(scan, ns=(info.st_atime_ns, info.st_mtime_ns - 1))
    (folder / "odd" / "one-byte").unlink()
    (folder / "odd" / "one-byte").mkdir()
    (folder / "odd" / "not in the snapshot").write_text("more")
    shutil.rmtree(folder / "fhir")
    os.symlink("/etc", folder / "fhir")
    os.chmod(folder / "hl7", 0o700)


@suite.test
def without_delete_what_the_snapshot_lacks_stays():
    machine = week()
    target, path = fresh(), machine.source / "fhir"
    more = below(target, path) / "more"
    more.parent.mkdir(parents=True)
    more.write_text("kept")
    machine.restore("dpi@latest", target, path)
    expect_equal(more.read_text(), "kept", "a file that was there")
    more.unlink()
    expect_same(path, below(target, path), "--no-dir-mtime")


@suite.each(("always", "snapshot"), ("changed", "snapshot"), ("never", "mine"))
def overwrite_decides_about_a_file_that_is_there(choice, winner):
    machine = week()
    target, path = fresh(), machine.source / "database" / "dump.sql"
    there = below(target, path)
    there.parent.mkdir(parents=True)
    there.write_text("mine\n")
    machine.restore("dpi@latest", target, path, "--overwrite", choice)
    found = "mine" if there.read_bytes() == b"mine\n" else "snapshot" if there.read_bytes() == path.read_bytes() else "rubbish"
    expect_equal(found, winner, "which content is there")


@suite.test
def a_dry_run_writes_nothing():
    target = fresh()
    result = week().restore("dpi@latest", target, "--dry-run")
    expect(result.out.strip(), "it says nothing")
    expect(not target.exists() or not any(target.iterdir()), "it wrote something")


@suite.test
def a_restore_follows_no_link_that_is_in_its_way():
    machine = week()
    target, elsewhere, path = fresh(), fresh("elsewhere"), machine.source / "fhir"
    elsewhere.mkdir()
    below(target, machine.source).mkdir(parents=True)
    os.symlink(elsewhere, below(target, path))
    machine.restore("dpi@latest", target, path, exit=(0, 3))
    expect_equal(os.listdir(elsewhere), [], "what was written through the link")


@suite.test
def a_path_that_the_snapshot_lacks_is_wrong_usage():
    week().restore("dpi@latest", fresh(), "/no/such/path", exit=2)


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

@suite.test
def what_a_command_prints_comes_back():
    machine = week()
    dumps = [kept.copy / "database" / "dump.sql" for kept in machine.kept]
    for day in DAYS:
        expect_equal(machine.run("cat", machine.days[day]["base"]).raw, dumps[day].read_bytes(), f"the dump of day {day}")
    target = fresh()
    machine.restore("base@latest", target)
    expect_equal((target / "base").read_bytes(), dumps[-1].read_bytes(), "the dump restored as a file")


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


def path_of(line):
    """The path of an entry or problem in JSON, whose bytes may be apart."""
    fields = line["path"] if isinstance(line["path"], dict) else line
    return fields["path"]


# Looking inside

@suite.test
def ls_lists_what_the_folder_holds():
    machine = week()
    lines = machine.run("ls", "dpi@latest", machine.source, "--json").lines
    expect_equal(len(lines), sum(1 + len(files) + sum(os.path.islink(os.path.join(root, each)) for each in folders)
                                 for root, folders, files in os.walk(machine.source)), "entries")
    sizes = {path_of(line): line["size"] for line in lines if line["kind"] == "file"}
    dump = machine.source / "database" / "dump.sql"
    expect_equal(sizes[str(dump)], dump.stat().st_size, "size of the dump")
    expect_in("dump.sql", machine.run("ls", "dpi@latest", machine.source / "database").out)


@suite.test
def find_finds_by_name_and_by_path():
    machine = week()
    wanted = {str(path) for path in machine.source.rglob("*.hl7")}
    found = machine.run("find", "dpi@latest", "*.hl7", "--json").lines
    expect_equal({path_of(line) for line in found}, wanted, "names")
    found = machine.run("find", "dpi@latest", f"{machine.source}/fhir/*", "--json").lines
    expect_equal({path_of(line) for line in found}, {str(path) for path in (machine.source / "fhir").iterdir()}, "paths")
    machine.run("find", "dpi@latest", "no-such-name", exit=1)


@suite.test
def diff_says_what_changed_between_two_days():
    machine = week()
    old, new = (modes_sizes_times(kept.copy) for kept in machine.kept[:2])
    lines = machine.run("diff", machine.days[0]["dpi"], machine.days[1]["dpi"], "--json").lines
    found = {change: {os.path.relpath(path_of(line), machine.source) for line in lines if line["change"] == change}
             for change in ("added", "removed")}
    expect_equal(found["added"], new.keys() - old.keys(), "added")
    expect_equal(found["removed"], old.keys() - new.keys(), "removed")
    changed = {os.path.relpath(path_of(line), machine.source) for line in lines if line["change"] == "changed"}
    written = {path for path in old.keys() & new.keys() if old[path] != new[path]}
    expect(written <= changed, f"changed, but not said: {sorted(written - changed)[:5]}")
    expect_equal(machine.run("diff", machine.days[0]["dpi"], machine.days[0]["dpi"]).out, "", "a snapshot against itself")


def modes_sizes_times(folder):
    """{path: what ls -l shows}, for paths that JSON says as they are."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            info = os.lstat(path)
            found[os.path.relpath(path, folder)] = (info.st_mode, info.st_size if name in files else 0, info.st_mtime_ns)
    return found


@suite.test
def cat_gives_a_file_byte_for_byte():
    machine = week()
    for path in ("vm/dpi-test.img", "database/dump.sql", "odd/one-byte", "odd/empty/no-more"):
        file = machine.source / path
        expect_equal(machine.run("cat", "dpi@latest", file).raw == file.read_bytes(), True, f"{path} is the same")
    machine.run("cat", "dpi@latest", machine.source / "odd", exit=2)
    machine.run("cat", "dpi@latest", machine.source / "no-such-file", exit=2)


@suite.test
def a_snapshot_is_named_by_its_id_or_by_source_and_time():
    machine = week()
    last = machine.days[-1]
    day = machine.snapshots()[-1]["time"][:10]
    for name in (last["dpi"], last["dpi"][:12], "dpi@latest", f"dpi@{day}"):
        lines = machine.run("ls", name, machine.source / "vm", "--json").lines
        expect_equal(len(lines), 2, f"entries of {name}")
    for name in ("0000000000", "dpi@1999-01-01", "no-such-source@latest"):
        machine.run("ls", name, exit=2)


# JSON and languages

JSON_COMMANDS = [["snapshots"], ["status"], ["ls", "dpi@latest"], ["find", "dpi@latest", "*"], ["replicate"], ["keys", "list"],
                 ["config", "check"], ["config", "show"], ["site", "list"], ["site", "probe", "lille"], ["verify", "--read", "all"],
                 ["restore", "dpi@latest", "--to", "TARGET"], ["restore", "dpi@latest", "--dry-run", "--to", "TARGET"]]


@suite.each(*((" ".join(words), words) for words in JSON_COMMANDS))
def with_json_every_line_is_an_object(_, words):
    target = fresh()
    result = week().run(*(target if word == "TARGET" else word for word in words), "--json")
    expect(result.lines, "there is no output")
    expect(all(isinstance(line, dict) for line in result.lines), "a line is no object")
    expect_equal(result.err, "", "what is not JSON")


@suite.each(("an unknown snapshot", 2, ["ls", "dpi@1999-01-01"]), ("an unknown site", 2, ["snapshots", "--site", "nulle-part"]),
            ("a missing configuration", 2, ["snapshots", "--config", "/no/such/file"]))
def with_json_an_error_is_an_object_too(_, exit, words):
    config = words[2] if "--config" in words else None
    result = week().run(*(words[:1] if config else words), "--json", exit=exit, config=config)
    error = result.lines[-1]["error"]
    expect_equal(error["exit"], exit, "the exit status in it")
    expect(error["code"] and error["message"], "it has a code and a message")


@suite.test
def snapshots_as_json_have_the_fields_that_scripts_rely_on():
    result = week().run("snapshots", "--json").json
    expect_equal(list(result), ["snapshots"], "keys")
    for each in result["snapshots"]:
        expect(re.fullmatch("[0-9a-f]{32}", each["id"]), f"id {each['id']}")
        expect_in(each["source"], ("dpi", "base"), "the sources")
        expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", each["time"]), f"time {each['time']}")


FRENCH = {"--lang fr": (["--lang", "fr"], {}), "LANG": ([], {"LANG": "fr_FR.UTF-8"}),
          "LC_ALL before LANG": ([], {"LC_ALL": "fr_FR.UTF-8", "LANG": "en_US.UTF-8"})}


@suite.each(*((name, *each) for name, each in FRENCH.items()))
def french_hosts_get_french(_, words, env):
    machine = week()
    expect_in("complet", machine.run("snapshots", *words, env=env).out)
    expect_in("Mio", machine.run("snapshots", *words, env=env).out)
    expect_in("aucun", machine.run("ls", "dpi@1999-01-01", *words, env=env, exit=2).err.lower())
    help = hdstest.Runner.run([hdstest.program(), "--help", *words], env=hdstest.environment(**env)).out
    expect_in("sauvegarde", help.lower())


@suite.test
def lang_goes_before_the_locale_and_an_unknown_one_is_refused():
    machine = week()
    expect_in("MiB", machine.run("snapshots", "--lang", "en", env={"LANG": "fr_FR.UTF-8"}).out)
    machine.run("snapshots", "--lang", "de", exit=2)


@suite.test
def quiet_says_nothing_but_what_went_wrong():
    machine = week()
    result = machine.run("backup", "base", "--quiet")
    expect_equal(result.all, "", "what it said")
    machine.days[-1]["base"] = machine.ids()[-1]
    expect(machine.run("ls", "dpi@1999-01-01", "--quiet", exit=2).err, "an error is silent")


suite.main()
