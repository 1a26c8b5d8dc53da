"""Every kind of object damaged in every way: verify names it, restore never gives wrong bytes, a second site heals."""
import os
import shutil

import hdstest
from hdstest import Machine, Suite, below, expect, expect_equal, expect_in, expect_same, fixture, fresh

suite = Suite("03 corruption")

KINDS = {"pack": "packs/", "segment": "index/", "manifest": "snapshots/", "slot": "commits/", "session": "sessions/",
         "descriptor": "descriptor/", "key wrap": "keys/", "marker": "site", "sheet": "sheets/"}
DAMAGES = ("flip", "truncate", "zero", "delete", "append", "swap")

# What verify says of it, and why, where that is not 4, "stored data is damaged or missing".
VERIFY = {
    ("session", "delete"): (0, "a session that has ended is needed no more; maintenance removes them"),
    ("sheet", "delete"): (0, "what a restore test found is needed by nobody who restores; the proof host has a copy"),
    ("sheet", "swap"): ((3, 5), "rightly signed, but for another name"),
    ("session", "swap"): ((3, 5), "rightly signed, but for another name: void, nothing that is needed lacks"),
    ("marker", "delete"): (5, "without its marker the folder may be a disk that is not mounted: no site, no damage"),
    ("marker", "swap"): (5, "another site's or tenant's marker: the wrong place, refused as a whole"),
    ("descriptor", "swap"): ((4, 5), "the chain is missing, and a foreign one is there"),
}
# What verify says where it cannot know the name of what is gone.
SAID = {("slot", "delete"): "are gone"}
# The site cannot be believed at all: a restore from it alone refuses.
BASES = {"descriptor", "marker"}


# The machine

@fixture
def machine():
    """Two sites, two snapshots of a source of two packs' worth; `alone` is a configuration that knows paris only."""
    one = Machine("damaged")
    one.source = one.root / "sample"
    hdstest.hospital(one.source, mib=1)
    one.add_source("dpi", one.source).init()
    one.kept = []
    for day in range(2):
        (one.source / f"random-{day}").write_bytes(os.urandom(700_000))
        one.kept.append(hdstest.Kept(one.source, one.root / "kept" / str(day)))
        one.run("backup")
        one.run("restore-test")
    one.days = one.ids()
    one.alone = one.root / "alone.toml"
    both, one.config = one.config, one.alone
    one.tenant_settings["sites"] = ["paris"]
    one.write()
    one.config = both
    one.whole = one.root / "whole"
    one.site("paris").rename(one.whole)
    return one


@fixture
def stranger():
    """Another tenant, for objects of kinds that a tenant has only one of."""
    other = Machine("stranger", tenant="autre-chu")
    other.init()
    return other


def refill():
    """paris as it was, and nothing remembered. Files are links: damage replaces them."""
    site = machine().site("paris")
    if site.exists():
        shutil.rmtree(site)
    shutil.copytree(machine().whole, site, copy_function=os.link)
    machine().forget_state()


def keys(kind):
    """Keys of the objects of a kind at paris, the first snapshot's or the largest first."""
    found = machine().objects("paris")
    names = [key for key in found if key.startswith(KINDS[kind])]
    if kind == "pack":
        names.sort(key=lambda key: -found[key])
    elif kind in ("slot", "manifest"):
        names.sort(key=lambda key: not key.startswith(KINDS[kind] + machine().days[0]))
    return names


# Damage

def replace(path, data):
    """Writes another file of that name: the old one has other names."""
    path.unlink()
    path.write_bytes(data)


def flip(data):
    return data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 0x10]) + data[len(data) // 2 + 1:]


CHANGES = {"flip": flip, "truncate": lambda data: data[:len(data) // 2], "zero": lambda data: bytes(len(data)),
           "append": lambda data: data + b"\0more"}


def damage(kind, how):
    """Does it to one object of paris; its key."""
    root, names = machine().prefix("paris"), keys(kind)
    path = root / names[0]
    if how == "delete":
        path.unlink()
    elif how == "swap":
        swap(path, root / names[1] if len(names) > 1 else None, kind)
    else:
        replace(path, CHANGES[how](path.read_bytes()))
    return names[0]


def swap(path, other, kind):
    """Exchanges the contents of two objects; where there is only one, the other tenant's is put there."""
    mine = path.read_bytes()
    if other:
        replace(path, other.read_bytes())
        replace(other, mine)
    else:
        names = [key for key in stranger().objects("paris") if key.startswith(KINDS[kind])]
        replace(path, (stranger().prefix("paris") / names[0]).read_bytes())


# The table

CASES = tuple((f"{kind}, {how}", kind, how) for kind in KINDS for how in DAMAGES)


@suite.test
def an_undamaged_site_verifies_and_restores():
    refill()
    machine().run("verify", "--read", "all", "--open", config=machine().alone)
    for day in range(2):
        target = fresh()
        machine().run("restore", machine().days[day], "--to", target, config=machine().alone)
        expect_same(machine().kept[day], below(target, machine().source))
        hdstest.remove(target)


@suite.each(*CASES)
def verify_finds_it_and_names_it(_, kind, how):
    refill()
    key = damage(kind, how)
    right, why = VERIFY.get((kind, how), (4, ""))
    result = machine().run("verify", "--read", "all", exit=right, config=machine().alone)
    if right != 0:
        name = "paris" if kind in BASES else key.split("/")[-1][:32]
        expect_in(SAID.get((kind, how), name), result.all, "what verify says")


@suite.each(*CASES)
def the_damaged_site_alone_never_gives_wrong_bytes(_, kind, how):
    refill()
    damage(kind, how)
    for day in range(2):
        target = fresh()
        result = machine().run("restore", machine().days[day], "--to", target, config=machine().alone, exit=None)
        unknown = (kind, how) == ("slot", "delete")  # the site knows of no such snapshot
        expect(result.exit in (0, 4, 5, 7, 8) or unknown and result.exit == 2, f"exit status {result.exit}")
        if result.exit == 0:
            expect_same(machine().kept[day], below(target, machine().source))
        else:
            expect(result.exit != 0 and result.all.strip(), "it does not say why")
            expect_nothing_wrong(machine().kept[day].copy, below(target, machine().source), result)
        shutil.rmtree(target, ignore_errors=True)


def expect_nothing_wrong(original, restored, result):
    """Each file that is there under its name is the right one."""
    for root, _, files in os.walk(restored):
        for name in files:
            file = os.path.join(root, name)
            twin = os.path.join(original, os.path.relpath(file, restored))
            if os.path.isfile(file) and not os.path.islink(file) and os.path.lexists(twin):
                with open(file, "rb") as one, open(twin, "rb") as two:
                    expect(one.read() == two.read(), f"{os.path.relpath(file, restored)} was restored with wrong bytes; {result!r}")


@suite.each(*CASES)
def a_healthy_second_site_makes_the_restore_whole(_, kind, how):
    refill()
    damage(kind, how)
    target = fresh()
    machine().restore(machine().days[0], target)
    expect_same(machine().kept[0], below(target, machine().source))
    hdstest.remove(target)


@suite.each(*((f"{kind}, {how}", kind, how) for kind in ("manifest", "slot") for how in ("flip", "zero")))
def an_older_snapshot_is_not_passed_off_as_the_latest(_, kind, how):
    refill()
    root, name = machine().prefix("paris"), next(key for key in keys(kind) if machine().days[1] in key)
    replace(root / name, CHANGES[how]((root / name).read_bytes()))
    for words in (["restore", "dpi@latest", "--to", fresh()], ["ls", "dpi@latest"]):
        result = machine().run(*words, exit=(4, 5), config=machine().alone)
        expect_in(machine().days[1][:12], result.all, "what it says")


@suite.each(*((f"{kind}, {how}", kind, how) for kind in ("pack", "segment", "manifest", "slot") for how in ("flip", "delete")))
def what_is_taken_after_it_was_found_is_whole_at_both_sites(_, kind, how):
    """Nothing can overwrite a damaged object: replication and the next backup go round it."""
    refill()
    damage(kind, how)
    lille, kept = machine().site("lille"), fresh("lille")
    shutil.copytree(lille, kept, copy_function=os.link)
    try:
        for words in (["verify", "--read", "all"], ["replicate"], ["backup"]):
            machine().run(*words, exit=None)
        last = machine().ids(exit=None)[-1]
        for site in ("paris", "lille"):
            expect_in(last, machine().ids("--site", site, exit=None), f"what {site} lists")
            hdstest.expect_restores(machine(), last, machine().source, None, "--site", site)
    finally:
        shutil.rmtree(lille)
        kept.rename(lille)


@suite.each(*DAMAGES)
def a_lost_index_segment_costs_nothing(how):
    """The directories of the packs say the same (docs/FORMAT.md, 16.2)."""
    refill()
    damage("segment", how)
    for day in range(2):
        target = fresh()
        machine().run("restore", machine().days[day], "--to", target, config=machine().alone)
        expect_same(machine().kept[day], below(target, machine().source))
        hdstest.remove(target)


@suite.each(*DAMAGES[:-1])
def the_kit_opens_nothing_wrong_where_the_key_wrap_is_damaged(how):
    refill()
    damage("key wrap", how)
    out = fresh("machine")
    machine().run("recover", "--kit", machine().kit, "--site", machine().site("paris"), "--out", out, exit=(4, 7))
    expect(not (out / "config.toml").exists(), "a configuration was written all the same")


@suite.test
def what_only_one_path_needs_costs_only_that_path():
    refill()
    pack = keys("pack")[0]
    path = machine().prefix("paris") / pack
    data = path.read_bytes()
    replace(path, flip(data))
    target = fresh()
    result = machine().run("restore", machine().days[1], "--to", target, config=machine().alone, exit=4)
    found = hdstest.listing(below(target, machine().source)).entries
    files = [path for path, fields in machine().kept[1].listing.entries.items() if fields["kind"] == "file" and found.get(path) != fields]
    expect(1 <= len(files) <= 40, f"{len(files)} files were lost to one flipped bit")
    for path in files:
        expect_in(os.path.basename(path).decode(), result.all, "what restore lists")


# What a machine remembers

@suite.test
def without_its_state_a_machine_finds_everything_again():
    refill()
    before = machine().snapshots()
    machine().forget_state()
    expect_equal(machine().snapshots(), before, "snapshots")
    machine().forget_state()
    hdstest.expect_restores(machine(), machine().days[0], machine().source, machine().kept[0])
    machine().forget_state()
    line = machine().backup()[0]
    expect(line["stored_bytes"] <= 1 << 20, f"{line['stored_bytes']} bytes were stored again")
    hdstest.expect_restores(machine(), line["snapshot"], machine().source)


@suite.each("flip", "truncate", "zero", "delete")
def damaged_caches_are_made_again(how):
    """All but the watermarks, seen-*, which are believed rather than forgotten, and the journal, which is no cache (19)."""
    refill()
    machine().run("backup")
    files = [file for file in machine().state.rglob("*") if file.is_file() and not file.name.startswith("seen-")
             and machine().state / "journal" not in file.parents]
    expect(len(files) > 3, f"only {files}")
    for file in files:
        file.unlink() if how == "delete" else file.write_bytes(CHANGES[how](file.read_bytes()) if file.stat().st_size else b"")
    line = machine().backup()[0]
    expect(line["complete"], "the snapshot is partial")
    hdstest.expect_restores(machine(), line["snapshot"], machine().source)
    hdstest.expect_restores(machine(), machine().days[0], machine().source, machine().kept[0])


suite.main()
