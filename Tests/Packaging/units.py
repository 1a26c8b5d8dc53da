#!/usr/bin/env python3
"""The unit and its examples, installing and taking away, the program inside the unit's sandbox. No systemd need run here."""
import os
import shutil

from packaging import EXAMPLES, REPOSITORY, UNIT, Runner, Skip, directives, environment, install, installed, need, tree
from sandbox import USER, Sandbox, hindrance
from hdstest import IS_ROOT, Machine, Suite, below, expect, expect_equal, expect_in, expect_same, fresh, hospital, place

suite = Suite("units and installing")
EXPOSURE = {"hdsbackupd.service": 20, "other-users.conf": 25, "proof-host.conf": 25}  # tenths, as systemd-analyze counts; an example has the unit's otherwise


def root_with(*drop_ins):
    """A root with the installed unit and drop-ins, and stand-ins for what it is ordered after."""
    need("systemd-analyze")
    root = fresh("root")
    shutil.copytree(installed(), root)
    units = root / "usr/lib/systemd/system"
    for name in ("sysinit.target", "basic.target", "shutdown.target", "network-online.target", "local-fs.target", "remote-fs.target",
                 "time-sync.target", "multi-user.target", "system.slice", "-.slice"):
        (units / name).write_text("[Unit]\n")
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/bin/sh").write_text("")
    (root / "usr/bin/sh").chmod(0o755)
    folder = root / "etc/systemd/system/hdsbackupd.service.d"
    folder.mkdir(parents=True)
    for each in drop_ins:
        shutil.copy(each, folder)
    return root


def analyze(*words, exit=0):
    return Runner.run(["systemd-analyze", "--no-pager", *words], exit=exit, env=environment(SYSTEMD_LOG_LEVEL="warning"))


# The unit

@suite.each(("the unit", None), *((path.name, path) for path in EXAMPLES))
def systemd_finds_nothing_to_say(name, example):
    root = root_with(*filter(None, [example]))
    result = analyze("verify", "--man=no", "--recursive-errors=no", f"--root={root}", "hdsbackupd.service")
    expect_equal(result.all.strip(), "", "systemd-analyze verify")


@suite.test
def a_mistake_in_a_unit_is_found_by_the_same_check():
    root = root_with()
    drop_in = root / "etc/systemd/system/hdsbackupd.service.d/wrong.conf"
    drop_in.write_text("[Service]\nProtectSystm=strict\n")
    result = analyze("verify", "--man=no", "--recursive-errors=no", f"--root={root}", "hdsbackupd.service", exit=None)
    expect_in("ProtectSystm", result.all)


@suite.each(("the unit", None), *((path.name, path) for path in EXAMPLES))
def the_exposure_is_low(name, example):
    root = root_with(*filter(None, [example]))
    most = EXPOSURE.get(name, EXPOSURE["hdsbackupd.service"])
    analyze("security", "--offline=true", f"--threshold={most}", f"--root={root}", "hdsbackupd.service")


@suite.test
def every_directive_is_explained():
    text = (REPOSITORY / "docs/SYSTEMD.md").read_text("utf-8")
    for name in directives(UNIT) | directives(UNIT, section="Unit"):
        expect(f"`{name}" in text, f"docs/SYSTEMD.md says nothing of {name}=")


@suite.test
def the_credentials_in_the_examples_have_the_names_that_the_program_looks_for():
    example = next(path for path in EXAMPLES if path.name == "credentials.conf").read_text("utf-8")
    keys = (REPOSITORY / "Sources/Operations/TenantKeys.swift").read_text("utf-8")
    passphrase = (REPOSITORY / "Sources/Operations/Passphrase.swift").read_text("utf-8")
    expect_in(r"hdsbackup.\(tenant).\(name)", keys)
    for name in ("node", "maintain"):
        expect_in(f'read("{name}"', keys)
        expect_in(f"=hdsbackup.chu-exemple.{name}:", example)
    expect_in("/hdsbackup-passphrase", passphrase)
    expect_in("=hdsbackup-passphrase:", example)


@suite.test
def the_user_and_the_folders_are_made_and_what_is_there_is_kept():
    need("systemd-sysusers", "systemd-tmpfiles")
    if not IS_ROOT:
        raise Skip("gives folders to another user: needs root")
    root = fresh("root")
    shutil.copytree(installed(), root)
    (root / "etc/hdsbackup").mkdir(parents=True)
    (root / "etc/hdsbackup/config.toml").write_text("mine")
    for _ in range(2):
        Runner.run(["systemd-sysusers", f"--root={root}", "hdsbackup.conf"], env=environment())
        Runner.run(["systemd-tmpfiles", f"--root={root}", "--create", "hdsbackup.conf"], env=environment())
    line = next(line for line in (root / "etc/passwd").read_text().splitlines() if line.startswith("hdsbackup:")).split(":")
    expect_equal(line[5:], ["/var/lib/hdsbackup", "/usr/sbin/nologin"], "home and shell")
    found = {name: ((root / name).stat().st_mode & 0o7777, (root / name).stat().st_uid)
             for name in ("etc/hdsbackup", "etc/hdsbackup/keys", "var/lib/hdsbackup")}
    user = int(line[2])
    expect_equal(found, {"etc/hdsbackup": (0o750, 0), "etc/hdsbackup/keys": (0o700, user), "var/lib/hdsbackup": (0o700, user)}, "folders")
    expect_equal((root / "etc/hdsbackup/config.toml").read_text(), "mine", "the configuration that was there")


# Installing

@suite.each("/usr", "/usr/local")
def what_was_installed_is_taken_away_and_nothing_else(prefix):
    need("patchelf", "strip")
    root = fresh("root")
    root.mkdir()
    strangers = [root / "etc/hdsbackup/config.toml", root / "var/lib/hdsbackup/state", root / f".{prefix}/share/doc/other",
                 root / f".{prefix}/lib/hdsbackup-other"]
    for each in strangers:
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_text("not ours")
    before = tree(root)
    install(root, prefix=prefix)
    once = tree(root)
    install(root, prefix=prefix)
    expect(tree(root) == once, "a second installation differs from the first")
    expect_equal({path for path in before if before[path] != once[path]}, set(), "changed what was there")
    expect_in(f"ExecStart={prefix}/bin/hdsbackupd ", (root / f".{prefix}/lib/systemd/system/hdsbackupd.service").read_text())
    install(root, prefix=prefix, what="uninstall")
    expect(tree(root) == before, f"left or took: {sorted(tree(root).keys() ^ before.keys())}")
    install(root, prefix=prefix, what="uninstall", exit=1)


@suite.test
def an_empty_root_is_empty_again():
    need("patchelf", "strip")
    root = fresh("root")
    install(root)
    install(root, what="uninstall")
    expect_equal(list(root.iterdir()), [], "left")


@suite.test
def a_file_that_a_newer_version_has_not_is_taken_away_by_installing_it():
    root = fresh("root")
    shutil.copytree(installed(), root)
    (root / "usr/share/doc/hdsbackup/OLD.md").write_text("old")
    with open(root / "usr/lib/hdsbackup/installed", "a") as listed:
        listed.write("/usr/share/doc/hdsbackup/OLD.md\n")
    install(root)
    expect(tree(root) == tree(installed()), f"differs: {sorted(tree(root).keys() ^ tree(installed()).keys())}")


@suite.test
def the_installed_programs_need_no_toolchain():
    root = installed()
    for program in ("hdsbackup", "hdsbackupd"):
        lines = Runner.run(["ldd", root / "usr/bin" / program], env=environment()).out.splitlines()
        folders = {os.path.dirname(os.path.realpath(line.split()[2])) for line in lines if "=> /" in line}
        wrong = [each for each in folders if not each.startswith((str(root), "/lib/", "/usr/lib/"))]
        expect_equal(wrong, [], f"libraries of {program} in other places")
        expect(not any("not found" in line for line in lines), f"{program} lacks a library: {lines}")
    expect(Runner.run([root / "usr/bin/hdsbackup", "--version"], env=environment()).out.strip(), "no version")


@suite.test
def completions_are_what_the_shell_takes():
    Runner.run(["bash", "-n", installed() / "usr/share/bash-completion/completions/hdsbackup"], env=environment())


# The sandbox

@suite.test
def all_that_a_node_does_works_inside_the_sandbox():
    """Its user may read what it could not without the capability, write its own folders, and no other."""
    need("unshare", "setpriv", "systemd-analyze")
    if hindrance():
        raise Skip(hindrance())
    machine = Machine("confined")
    source = hospital(machine.root / "sample", mib=4)
    source.chmod(0o700)
    for name in ("mode-2755", "mode-4755", "null.device"):  # given back to root alone
        (source / "odd" / name).unlink(missing_ok=True)
    hook = ["sh", "-c", "echo $(grep CapEff /proc/self/status) >&2"]
    machine.add_source("dpi", source, before=hook)
    own = [machine.root / name for name in ("sites", "keys", "state")]
    for each in own:
        each.mkdir()
    for name in machine.sites:
        machine.site(name).mkdir()
    target = machine.root / "own"
    target.mkdir()
    for each in [*own, target, *own[0].iterdir()]:
        os.chown(each, int(USER), int(USER))
    machine.write()
    sandbox = Sandbox(directives(UNIT))
    program = installed() / "usr/bin/hdsbackup"

    def confined(*words, exit=0):
        command = sandbox.words([program, *words, "--config", machine.config], writable=[*own, target])
        return Runner.run(command, exit=exit, env=machine.environment(**sandbox.environment("/nowhere")))

    confined("init", "--kit-out", target / "kit.txt")
    result = confined("backup", "--json")
    expect_in("CapEff: 0000000000000004", result.err)  # CAP_DAC_READ_SEARCH alone
    confined("replicate")
    confined("verify", "--read", "all", "--open")
    confined("restore", "dpi@latest", "--to", target / "restored", exit=(0, 3))
    expect_same(source, below(target / "restored", source), "--no-owner")
    result = confined("restore", "dpi@latest", "--to", place() / "outside", exit=None)
    expect(result.exit != 0 and not (place() / "outside").exists(), "a restore to a read-only place should fail")
    expect_equal((machine.site("paris").stat().st_mode & 0o777, machine.prefix("paris").stat().st_mode & 0o777), (0o755, 0o750), "modes")


@suite.test
def what_the_sandbox_refuses_is_refused():
    """So that the test above means something."""
    need("unshare", "setpriv", "systemd-analyze")
    if hindrance():
        raise Skip(hindrance())
    sandbox = Sandbox(directives(UNIT))
    attempts = {"a system call": "import os; os.sched_setaffinity(0, {0})", "an address family": "import socket; socket.socket(16, 3, 0)",
                "a write": "open('/etc/hdstest', 'w')", "another's process": "open('/proc/1/status')",
                "writable code": "import mmap; mmap.mmap(-1, 4096, prot=7)"}
    for name, code in attempts.items():
        result = Runner.run(sandbox.words(["python3", "-c", code]), exit=None, env=environment())
        expect(result.exit == 1 and "Traceback" in result.err, f"{name} was let through: {result!r}")
    Runner.run(sandbox.words(["python3", "-c", "import socket; socket.socket(2, 1); open('/etc/shadow')"]), env=environment())


suite.main()
