"""Sites that vanish or are full, folders without room, quorums, configurations that are wrong, two runs at once."""
import itertools
import os
import shutil
import subprocess

import hdstest
from hdstest import (IS_ROOT, Machine, Runner, Skip, Suite, Watched, expect, expect_equal, expect_in, expect_restores, fixture,
                     fresh)

numbers = itertools.count()
suite = Suite("06 failures")


def machine_with(name, *, mib=40, sites=("paris", "lille"), **tenant):
    """A machine with a source of random files, ready for its first backup."""
    machine = Machine(name, sites=sites)
    machine.source = machine.root / "sample"
    machine.source.mkdir()
    for number in range(mib // 4):
        (machine.source / f"random-{number:02}").write_bytes(os.urandom(4 << 20))
    machine.add_source("dpi", machine.source)
    machine.tenant_settings.update(tenant)
    machine.init()
    return machine


# Sites that fail

@suite.test
def a_site_that_disappears_in_mid_run_does_not_stop_the_other():
    machine = machine_with("vanishing", mib=64)
    run = Watched(machine, "backup", "--json")
    expect(run.reach("pack stored"), "no pack was stored")
    run.pause()
    away = machine.root / "away"
    machine.site("lille").rename(away)
    run.go_on()
    result = run.finish()
    expect_equal(result.exit, 3, "exit status")
    expect_equal({each["site"]: each["committed"] for each in result.lines[0]["sites"]}, {"paris": True, "lille": False}, "committed")
    expect_in("lille", result.err)
    expect(not machine.site("lille").exists(), "the site's folder was made again")
    expect_restores(machine, "dpi@latest", machine.source)
    away.rename(machine.site("lille"))
    expect_level_again(machine)


@suite.each("session begun", "pack sealed", "pack stored", "segment stored")
def a_disk_that_is_unmounted_in_mid_run_is_not_written_to_at_its_mount_point(step):
    """The mount point stays; a second run, with the disk back, needs nothing done by hand."""
    machine = machine_with("unmounted-" + step.replace(" ", "-"), mib=2)
    machine.run("backup")
    (machine.source / "new").write_bytes(os.urandom(1 << 20))
    run = Watched(machine, "backup", "--json")
    expect(run.reach(step), f"the run did not come to {step!r}")
    run.pause()
    folder = machine.prefix("lille")
    away = folder.with_name(folder.name + ".away")
    folder.rename(away)
    run.go_on()
    result = run.finish()
    expect(result.exit != 0, "it says that all is well")
    expect(not folder.exists(), "the disk's mount point was written to")
    expect(all("lille" not in each["sites"] or each["id"] in [key.split("/")[1][:32] for key in names(away)] for each in machine.snapshots(exit=None)),
           "a snapshot is listed where it is not")
    away.rename(folder)
    expect_level_again(machine)


def names(folder):
    """Names of the slots below a tenant's folder."""
    return ["commits/" + file.name for file in (folder / "commits").iterdir()]


def expect_level_again(machine):
    """The next run needs no manual step: both sites then have its snapshot."""
    machine.run("backup")
    last = machine.snapshots()[-1]
    expect_equal(sorted(last["sites"]), sorted(machine.sites), "sites of the last snapshot")
    machine.run("replicate")
    machine.run("verify", "--read", "all")
    for site in machine.sites:
        expect_equal(machine.ids("--site", site), machine.ids(), f"snapshots at {site}")
        expect_restores(machine, last["id"], machine.source, None, "--site", site)


@suite.test
def a_site_that_is_absent_from_the_start_is_named_and_the_other_gets_the_snapshot():
    machine = machine_with("absent", mib=4)
    machine.site("lille").rename(machine.root / "away")
    result = machine.run("backup", "--json", exit=3)
    expect_in("lille", result.all)
    expect(not machine.site("lille").exists(), "the site's folder was made again")
    expect_equal(machine.snapshots(exit=6)[-1]["sites"], ["paris"], "sites of the snapshot")
    (machine.root / "away").rename(machine.site("lille"))
    expect_level_again(machine)


@suite.test
def an_empty_folder_in_the_place_of_a_site_is_not_written_to():
    """A disk that is not mounted."""
    machine = machine_with("unmounted", mib=4)
    machine.site("lille").rename(machine.root / "away")
    machine.site("lille").mkdir()
    result = machine.run("backup", "--json", exit=3)
    expect_in("lille", result.all)
    expect_equal(list(machine.site("lille").iterdir()), [], "what was written there")
    machine.run("snapshots", "--site", "lille", exit=5)
    machine.site("lille").rmdir()
    (machine.root / "away").rename(machine.site("lille"))
    expect_level_again(machine)


@suite.test
def without_any_site_nothing_is_done_and_the_status_says_why():
    machine = machine_with("none", mib=4)
    for site in machine.sites:
        machine.site(site).rename(machine.root / f"{site}-away")
    for words in (["backup"], ["snapshots"], ["restore", "latest", "--to", fresh()], ["verify"], ["ls", "latest"]):
        machine.run(*words, exit=6)


@suite.test
def a_site_that_may_not_be_written_is_refused_and_the_other_gets_the_snapshot():
    if IS_ROOT:
        raise Skip("root writes everywhere")
    machine = machine_with("read-only", mib=4)
    for folder in [machine.prefix("lille"), *machine.prefix("lille").rglob("*")]:
        if folder.is_dir():
            folder.chmod(0o555)
    machine.run("backup", exit=3)
    expect_equal(machine.snapshots()[-1]["sites"], ["paris"], "sites of the snapshot")


def on_small_disk(machine, folder, size, *words, exit, then="true"):
    """Runs a command while `folder` is a disk of its own of `size`, which is gone afterwards; its content is copied there."""
    script = (f'cp -a "$1" "$1.kept" && mount -t tmpfs -o size={size} none "$1" && cp -a "$1.kept/." "$1" || exit 99\n'
              f'folder="$1"; shift; "$@"; status=$?; {then}; exit $status')
    enter = ["unshare", "-m" if IS_ROOT else "-rm"]
    if subprocess.run([*enter, "mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False).returncode:
        raise Skip("nothing may be mounted here")
    result = Runner.run([*enter, "sh", "-c", script, "sh", folder, *machine.words(*words)], exit=exit, env=machine.environment())
    hdstest.remove(folder.with_name(folder.name + ".kept"))
    return result


@suite.test
def a_site_that_is_full_does_not_stop_the_other():
    machine = machine_with("full")
    result = on_small_disk(machine, machine.site("lille"), "20m", "backup", "--json", exit=3)
    expect_equal({each["site"]: each["committed"] for each in result.lines[0]["sites"]}, {"paris": True, "lille": False}, "committed")
    expect_in("lille", result.err)
    expect_restores(machine, "dpi@latest", machine.source)
    expect_level_again(machine)


@suite.test
def what_a_full_site_holds_is_no_snapshot_and_can_still_be_verified():
    machine = machine_with("full-verified")
    check = " ".join(f'"{word}"' for word in machine.words("snapshots", "--json", "--site", "lille"))
    verify = " ".join(f'"{word}"' for word in machine.words("verify", "--read", "all", "--site", "lille"))
    result = on_small_disk(machine, machine.site("lille"), "20m", "backup", exit=3, then=f"{check} && {verify} || status=98")
    expect_in('"snapshots":[]', result.out)


@suite.test
def a_full_state_folder_is_an_error_and_loses_nothing():
    machine = machine_with("full-state", mib=4)
    machine.run("backup")
    for number in range(3000):
        (machine.source / f"small-{number:05}-{'n' * 200}").write_bytes(b"x" * 600)
    used = sum(file.stat().st_size + 8192 for file in machine.state.rglob("*"))
    result = on_small_disk(machine, machine.state, f"{used + 100_000}", "backup", exit=None)
    expect(result.exit != 0, "a run that could not remember anything says that all is well")
    expect_in("space", result.err)
    expect_level_again(machine)


@suite.test
def a_restore_that_has_no_room_writes_nothing():
    machine = machine_with("no-room")
    machine.run("backup")
    target = fresh()
    target.mkdir()
    listing = 'find "$folder" -type f | wc -l'
    result = on_small_disk(machine, target, "8m", "restore", "dpi@latest", "--to", target, exit=(1, 3), then=listing)
    expect_in("space", result.err)
    expect_equal(result.out.split()[-1], "0", "files that were written")
    expect_restores(machine, "dpi@latest", machine.source)


@suite.test
def a_missed_quorum_is_a_failure_even_though_a_site_has_the_snapshot():
    machine = machine_with("quorum", mib=4, write_quorum=2)
    machine.site("lille").rename(machine.root / "away")
    result = machine.run("backup", exit=6)
    expect_in("2", result.err)
    (machine.root / "away").rename(machine.site("lille"))
    expect_level_again(machine)


# One at a time

@suite.test
def a_second_backup_of_a_source_is_refused_while_the_first_runs():
    machine = machine_with("twice")
    run = Watched(machine, "backup", "dpi")
    expect(run.reach("session begun"), "no session was begun")
    run.pause()
    try:
        result = machine.run("backup", "dpi", exit=5)
        expect_in("dpi", result.err)
    finally:
        run.go_on()
    expect_equal(run.finish().exit, 0, "exit status of the first")
    expect_equal(len(machine.ids()), 1, "snapshots")
    machine.run("backup", "dpi")


@suite.test
def other_sources_and_restores_go_on_beside_a_backup():
    machine = machine_with("beside")
    machine.add_source("base", command=["echo", "base"]).write()
    machine.run("backup", "base")
    run = Watched(machine, "backup", "dpi")
    run.reach("pack stored")
    run.pause()
    try:
        machine.run("cat", "base@latest")
        machine.run("backup", "base")
        machine.run("verify", "--read", "all")
        machine.run("replicate")
    finally:
        run.go_on()
    expect_equal(run.finish().exit, 0, "exit status of the backup")
    expect_restores(machine, "dpi@latest", machine.source)
    machine.run("verify", "--read", "all", "--open")


@suite.test
def an_interrupted_run_says_so_and_the_next_goes_on():
    machine = machine_with("interrupted")
    for signal in (2, 15):
        run = Watched(machine, "backup")
        run.reach("pack sealed")
        run.process.send_signal(signal)
        expect_in(run.finish().exit, (0, 130), "the exit statuses that are right")
    expect_level_again(machine)


# Wrong usage

@suite.test
def every_mistake_of_a_configuration_is_told_at_once_with_its_line():
    machine = Machine("mistakes")
    machine.add_source("dpi", machine.root / "sample").write()
    lines = machine.config.read_text().splitlines()
    wrong = {"frobnicate = true": "frobnicate", 'write_quorum = "two"': "write_quorum", "copies = -1": "copies"}
    at = lines.index(f"[tenant.{machine.tenant}]")
    lines[at + 1:at + 1] = list(wrong)[:2] + [f'policy = {{ {list(wrong)[2]} }}']
    lines += ["[source.other]", f'tenant = "{machine.tenant}"', 'paths = ["not/absolute"]', "[source.third]", 'tenant = "nobody"', "stdin = true"]
    machine.config.write_text("\n".join(lines) + "\n")
    for words in (["config", "check"], ["backup"], ["snapshots"], ["config", "show"]):
        result = machine.run(*words, exit=2)
        for name in [*wrong.values(), "paths", "nobody"]:
            expect_in(name, result.err, f"what {words} says")
    for line in (at + 2, at + 3, len(lines) - 3):
        expect_in(f":{line}", result.err, "the lines that it names")


@suite.each(("that is not there", None), ("that is no TOML", "[node\nname ="), ("that is not UTF-8", b"[node]\nname = \"\xff\"\n"),
            ("without a tenant", '[node]\nname = "x"\n'))
def a_configuration_is_wrong_usage(_, text):
    machine = Machine(f"wrong-{next(numbers)}")
    if text is not None:
        machine.config.write_bytes(text if isinstance(text, bytes) else text.encode())
    machine.run("backup", exit=2)


@suite.test
def a_new_machine_is_told_to_run_init():
    machine = Machine("new")
    machine.add_source("base", command=["echo"]).write()
    expect_in("init", machine.run("backup", exit=2).err)


@suite.test
def init_again_changes_no_key():
    machine = machine_with("again", mib=4)
    kit = machine.kit.read_text()
    before = {file: file.read_bytes() for file in machine.keys.rglob("*") if file.is_file()}
    machine.run("init")
    machine.run("init", "--kit-out", machine.kit, exit=None)
    expect_equal({file: file.read_bytes() for file in machine.keys.rglob("*") if file.is_file()}, before, "the keys")
    expect_equal(machine.kit.read_text(), kit, "the kit")


@fixture
def plain():
    machine = machine_with("plain", mib=4)
    machine.run("backup")
    return machine


WRONG = [["backup", "nulle-part"], ["backup", "dpi", "nulle-part"], ["snapshots", "--site", "nulle-part"], ["replicate", "--to", "nulle-part"],
         ["restore", "latest", "--to", "TARGET", "--site", "nulle-part"], ["verify", "--site", "nulle-part"], ["verify", "--read", "some"],
         ["verify", "--read", "101%"], ["restore", "latest"], ["restore", "latest", "--to", "TARGET", "--overwrite", "perhaps"],
         ["restore", "no-such-snapshot", "--to", "TARGET"], ["snapshots", "--tenant", "autre-chu"], ["site", "probe", "nulle-part"],
         ["recover", "--kit", "/no/such/kit"], ["frobnicate"], ["backup", "--frobnicate"], ["restore", "latest", "/a", "/b", "--strip", "--to", "TARGET"]]


@suite.each(*((" ".join(words), words) for words in WRONG))
def wrong_usage_is_told_and_nothing_is_done(_, words):
    machine, target = plain(), fresh()
    before = machine.objects("paris")
    result = machine.run(*(target if word == "TARGET" else word for word in words), exit=2)
    expect(result.err.strip() and not result.out, "it is told on standard error alone")
    expect_equal(machine.objects("paris"), before, "the objects at paris")
    expect(not target.exists(), "the target was made")


suite.main()
