"""A bare machine: a root folder with the program, its libraries, the kit and one site restores everything."""
import os
import pathlib
import re
import shutil
import subprocess

import hdstest
from hdstest import IS_ROOT, Kept, Machine, Runner, Skip, Suite, expect, expect_equal, expect_in, expect_same, fixture, fresh

suite = Suite("05 bare machine")
PROGRAM, KIT, SITE, OUT = "/usr/bin/hdsbackup", "/kit.txt", "/disk", "/machine"


def entering():
    """Words that enter another root folder; user and group numbers stay what they are for root only."""
    words = [shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")]
    words = words if IS_ROOT else [shutil.which("unshare"), "-r", *words]
    if subprocess.run([*words, "/", "true"], capture_output=True, check=False).returncode:
        raise Skip("neither chroot nor unshare -r is allowed here")
    return words


def libraries(program):
    """What ldd lists, the loader among it: {path by which it is asked for: file}."""
    found = {}
    for line in Runner.run(["ldd", program], env=hdstest.environment()).out.splitlines():
        path = re.search(r"(?:=> )?(/\S+) \(0x", line)
        expect("not found" not in line, f"a library is missing: {line}")
        if path:
            found[path[1]] = os.path.realpath(path[1])
    expect(any("ld-linux" in path for path in found), "ldd lists no loader")
    return found


def bare_root(machine, site):
    """An empty root folder but for the program, its libraries, the kit, and a copy of one site."""
    root = fresh("root")
    for path, file in {PROGRAM: hdstest.program(), **libraries(hdstest.program())}.items():
        target = pathlib.Path(f"{root}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    shutil.copy(machine.kit, f"{root}{KIT}")
    shutil.copytree(machine.site(site), f"{root}{SITE}")
    return root


@fixture
def lost():
    """A machine with two snapshots at two sites, which is lost but for its kit, and the sources as they were."""
    machine = Machine("lost")
    source = machine.source = hdstest.hospital(machine.root / "sample", "--deep", mib=4)
    machine.add_source("dpi", source).add_source("base", command=["cat", source / "database" / "dump.sql"]).init()
    machine.run("backup")
    hdstest.working_day(source, seed=2)
    machine.run("backup")
    hdstest.remove(source / "odd" / "beyond-path-max")  # cp cannot keep it
    machine.kept = Kept(source, machine.root / "kept")
    machine.run("backup")
    hdstest.remove(machine.keys)
    hdstest.remove(machine.state)
    return machine


@fixture
def rescued():
    """The bare machine after `recover`; its root, and how to run the program in it."""
    machine, words = lost(), entering()
    root = bare_root(machine, "lille")
    inside = sorted(str(path.relative_to(root)) for path in root.iterdir())
    expect(set(inside) <= {"usr", "lib", "lib64", "opt", "root", "home", "kit.txt", "disk"}, f"the root holds {inside}")

    def run(*arguments, exit=0):
        return Runner.run([*words, root, PROGRAM, *arguments], exit=exit, env={}, before=os.setsid)
    run("recover", "--kit", KIT, "--site", SITE, "--out", OUT)
    return root, run


@suite.test
def the_kit_and_one_site_make_a_configuration_that_lists_everything():
    root, run = rescued()
    expect((root / "machine" / "config.toml").is_file(), "there is no configuration")
    lines = run("snapshots", "--config", f"{OUT}/config.toml", "--json", exit=6).lines  # the kit's other sites are not here
    expect_equal([each["source"] for each in lines[0]["snapshots"]], ["dpi", "base"] * 3, "sources of the snapshots")


@suite.test
def the_last_snapshot_is_identical():
    root, run = rescued()
    run("restore", "dpi@latest", "--to", "/restored", "--config", f"{OUT}/config.toml")
    expect_same(lost().kept, pathlib.Path(f"{root}/restored{lost().source}"), *([] if IS_ROOT else ["--no-owner"]))


@suite.test
def what_a_command_printed_can_be_read():
    root, run = rescued()
    expect_equal(run("cat", "base@latest", "--config", f"{OUT}/config.toml").raw,
                 (lost().source / "database" / "dump.sql").read_bytes(), "the dump")


@suite.test
def every_copy_is_verified_there_and_every_blob_opened():
    _, run = rescued()
    run("verify", "--read", "all", "--open", "--site", site_name(), "--config", f"{OUT}/config.toml")


def site_name():
    """What the recovered configuration calls the site that was given by its place."""
    root, _ = rescued()
    text = (root / "machine" / "config.toml").read_text()
    return re.search(r'\[site\.(\S+)\]\nkind = "file"\npath = "/disk"', text)[1]


@suite.test
def the_recovered_machine_takes_no_backup_of_its_own_accord():
    _, run = rescued()
    run("backup", "--config", f"{OUT}/config.toml", exit=2)


@suite.test
def recovering_over_a_machine_that_is_there_is_refused():
    root, run = rescued()
    before = (root / "machine" / "config.toml").read_text()
    result = run("recover", "--kit", KIT, "--site", SITE, "--out", OUT, exit=(1, 2, 5))
    expect(result.err, "it says nothing")
    expect_equal((root / "machine" / "config.toml").read_text(), before, "the configuration")


@suite.test
def a_kit_typed_again_by_hand_works():
    """Without the words for people, in another case, with other spacing."""
    machine, out = lost(), fresh("machine")
    fields = dict(re.findall(r"^(tenant|fingerprint|code) *= (.*)$", machine.kit.read_text(), re.M))
    fields["code"] = fields["code"].lower().replace("-", " ").replace("0", "o")
    (machine.root / "typed.txt").write_text("\n".join(f"  {name}={value}  " for name, value in fields.items()))
    Runner.run([hdstest.program(), "recover", "--kit", machine.root / "typed.txt", "--site", machine.site("paris"), "--out", out],
               env=machine.environment())
    hdstest.expect_restores(machine, "dpi@latest", machine.source, machine.kept, config=out / "config.toml")


suite.main()
