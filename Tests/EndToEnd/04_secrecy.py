"""Sites learn nothing, a node cannot read what it wrote, strangers' objects and old copies are not believed."""
import base64
import os
import secrets
import shutil

import hdstest
from hdstest import ONE_PACK, Machine, Suite, below, expect, expect_equal, expect_in, expect_same, fixture, fresh, place

suite = Suite("04 secrecy and roles")


# What sites hold

WORD = "dossier-confidentiel-" + secrets.token_hex(12)
LABELS = {"tenant": "etablissement-" + secrets.token_hex(8), "node": "noeud-" + secrets.token_hex(8),
          "source": "source-" + secrets.token_hex(8), "domain": "domaine-" + secrets.token_hex(8),
          "pattern": "motif-" + secrets.token_hex(8), "argument": "argument-" + secrets.token_hex(8)}


@fixture
def told():
    """A machine whose content, paths and labels are words that occur nowhere else."""
    machine = Machine("told", tenant=LABELS["tenant"], domain=LABELS["domain"])
    machine.settings["node"]["name"] = LABELS["node"]
    source = machine.root / f"{WORD}-folder"
    (source / f"{WORD}-inside").mkdir(parents=True)
    (source / "small").write_text(f"{WORD}-small\n")
    (source / "bundled").write_text(f"{WORD}-bundled\n" * 100)
    (source / "large").write_bytes(b"".join(os.urandom(4096) + f"{WORD}-large".encode() for _ in range(700)))
    (source / f"{WORD}-name").write_text("x")
    os.symlink(f"{WORD}-target", source / "link")
    try:
        os.setxattr(source / "small", f"user.{WORD}", f"{WORD}-value".encode())
    except OSError:
        pass
    machine.add_source(LABELS["source"], source, exclude=[LABELS["pattern"]])
    machine.add_source(LABELS["source"] + "-command", command=["echo", LABELS["argument"], WORD])
    machine.init()
    machine.run("backup")
    (source / "more").write_text(f"{WORD}-more\n")
    machine.run("backup")
    machine.run("verify", "--read", "all")
    for share in ("whole", "30%"):
        machine.run("restore-test", "--share", share)
    return machine


def spellings(text):
    """The bytes that would betray the text: as it is, in UTF-16, hexadecimal and base64 at each of its three alignments."""
    raw = text.encode()
    found = {raw, text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode(), raw.hex().upper().encode()}
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Without the characters at either end that the neighbours have a part in.
            found.add(encode(b"\0" * shift + raw)[4 if shift else 0:-4])
    return found


def betrayed(folder, texts):
    """Which texts are in the bytes or the names of anything below the folder."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        data = str(path.relative_to(folder)).encode() + b"\0" + (path.read_bytes() if path.is_file() else b"")
        found += [f"{text} in {path.name}" for text in texts if any(each in data for each in spellings(text))]
    return found


def secret_texts(machine):
    kit = machine.kit.read_text()
    code = next(line.split("=")[1].strip() for line in kit.splitlines() if line.startswith("code"))
    return [WORD, *LABELS.values(), machine.passphrase.read_text().strip(), code, "hdstest-", os.path.basename(place())]


@suite.test
def the_search_finds_what_is_betrayed():
    folder = fresh("betrayed")
    folder.mkdir()
    for spelling in spellings(WORD):
        (folder / "object").write_bytes(os.urandom(1000) + spelling + os.urandom(1000))
        expect(betrayed(folder, [WORD]), f"{spelling!r} was not found")
    (folder / "object").unlink()
    expect_equal(betrayed(folder, [WORD]), [], "what was found in an empty folder")
    (folder / f"object-{WORD}").write_bytes(b"")
    expect(betrayed(folder, [WORD]), "a name was not found")


@suite.each("paris", "lille")
def no_byte_and_no_name_at_a_site_tells_content_paths_or_labels(site):
    machine = told()
    expect(len(machine.objects(site)) > 8, "there is hardly anything to search")
    expect_equal(betrayed(machine.site(site), secret_texts(machine)), [], "what was found")


@suite.test
def what_a_machine_remembers_tells_no_content_and_no_name():
    """But for the history and the operations ledger, which call tenant and source as the configuration beside them does; nothing of the data is in
    them either."""
    machine = told()
    found = betrayed(machine.state, [WORD, *LABELS.values()])
    of_configuration = {f"{LABELS[each]} in {name}" for each in ("tenant", "source") for name in ("history.sqlite", "history.sqlite-wal", "open")}
    expect_equal([each for each in found if each not in of_configuration], [], "what was found")


@suite.test
def keys_are_for_their_owner_alone():
    for file in told().keys.rglob("*.key"):
        expect_equal(oct(file.stat().st_mode & 0o7777), "0o600", f"mode of {file.name}")


@suite.test
def equal_content_looks_different_to_another_tenant():
    """No pack, name or id is the same: a site cannot tell who else holds a known file."""
    machines = [Machine(f"twin-{number}", tenant=f"twin-{number}", sites=["paris"]) for number in range(2)]
    source = hdstest.hospital(fresh("same"), mib=1)
    objects = []
    for machine in machines:
        machine.add_source("dpi", source).init()
        machine.run("backup")
        objects.append({key for key in machine.objects("paris")})
    expect_equal(objects[0] & objects[1] - {"site"}, set(), "names in common")


# A node that only writes

@fixture
def writer():
    """A node with the write role alone; the opening keys were made elsewhere and taken away."""
    machine = Machine("writer", roles=["write"])
    machine.tenant_settings["keys_together"] = "refused"
    machine.source = hdstest.hospital(machine.root / "sample", mib=2)
    machine.add_source("dpi", machine.source).write()
    machine.elsewhere, machine.safe = machine.root / "restore-keys", machine.root / "safe"
    machine.refused = machine.run("init", "--kit-out", machine.kit, exit=5)
    machine.refusal_left = [path for path in machine.keys.rglob("*") if path.is_file()] if machine.keys.exists() else []
    machine.run("init", "--kit-out", machine.kit, "--restore-keys", machine.elsewhere)
    machine.elsewhere.rename(machine.safe)
    machine.first = machine.backup()[0]
    os.sync()
    machine.second = machine.backup()[0]
    return machine


@suite.test
def init_refuses_to_leave_opening_keys_beside_the_write_role():
    machine = writer()
    expect_in("--restore-keys", machine.refused.all)
    expect_equal(machine.refusal_left, [], "files that the refused init left")
    expect_equal(sorted(file.name for file in machine.keys.rglob("*.key")), ["node.key"], "keys on the node")
    expect_in("restore.key", [file.name for file in machine.safe.rglob("*.key")])


@suite.test
def a_node_without_opening_keys_backs_up_and_stores_again_only_what_is_new():
    machine = writer()
    expect(machine.first["stored_bytes"] > 1 << 20, "the first run stored hardly anything")
    expect(machine.second["stored_bytes"] <= ONE_PACK, f"the second run stored {machine.second['stored_bytes']} bytes")


@suite.test
def it_lists_snapshots_and_its_own_last_one():
    machine = writer()
    expect_equal([each["source"] for each in machine.snapshots()], ["dpi", "dpi"], "sources")
    lines = machine.run("ls", "latest", machine.source, "--json").lines
    expect_equal(len(lines), len(hdstest.listing(machine.source).entries), "entries")
    expect_in("dump.sql", machine.run("find", "latest", "dump.sql").out)


@suite.each(("cat", ["cat", "latest", "SOURCE/database/dump.sql"]), ("restore", ["restore", "latest", "--to", "TARGET"]),
            ("diff", ["diff", "FIRST", "latest"]), ("ls of an older snapshot", ["ls", "FIRST"]),
            ("verify --open", ["verify", "--open"]))
def it_cannot_read_what_it_wrote(_, words):
    machine, target = writer(), fresh()
    values = {"SOURCE/database/dump.sql": machine.source / "database" / "dump.sql", "TARGET": target, "FIRST": machine.ids()[0]}
    result = machine.run(*(values.get(word, word) for word in words), exit=7)
    expect_equal(result.out, "", "what it printed")
    expect(not target.exists() or not os.listdir(target), "something was restored")


@suite.test
def it_verifies_hashes_without_any_opening_key():
    result = writer().run("verify", "--read", "all", "--json")
    expect(all(line["packs_read"] == line["packs"] for line in result.lines), "not all packs were read")


@suite.test
def it_refuses_to_back_up_once_opening_keys_lie_beside():
    machine = writer()
    key = next(machine.safe.rglob("restore.key"))
    planted = machine.keys / machine.tenant / "restore.key"
    shutil.copy(key, planted)
    try:
        machine.run("backup", exit=5)
    finally:
        planted.unlink()
    machine.run("backup")


@suite.test
def the_keys_from_the_safe_restore_what_the_node_wrote():
    machine = writer()
    reader = Machine("reader", roles=[])
    reader.settings |= {name: machine.settings[name] for name in machine.settings if name.startswith(("site.", "tenant."))}
    reader.keys.mkdir()
    shutil.copytree(machine.keys / machine.tenant / "public", reader.keys / machine.tenant / "public")
    shutil.copy(machine.keys / machine.tenant / "fingerprint", reader.keys / machine.tenant / "fingerprint")
    shutil.copy(next(machine.safe.rglob("restore.key")), reader.keys / machine.tenant / "restore.key")
    reader.write()
    target = fresh()
    reader.run("restore", "dpi@latest", "--to", target, env={"HDSBACKUP_PASSPHRASE_FILE": machine.passphrase})
    expect_same(machine.source, below(target, machine.source))


# Strangers' objects

@fixture
def tenants():
    """Two tenants, a and b, each with a snapshot of a source of its own."""
    both = []
    for name in "ab":
        machine = Machine(f"tenant-{name}", tenant=f"chu-{name}", sites=["paris"])
        machine.source = machine.root / "sample"
        machine.source.mkdir()
        for i in range(5):
            (machine.source / f"file-{i}").write_text(f"this is of tenant {name}, file {i}\n" * 5000)
        machine.add_source("dpi", machine.source).init()
        machine.run("backup")
        both.append(machine)
    return both


FOREIGN = {"pack": "packs/", "segment": "index/", "manifest": "snapshots/", "slot": "commits/", "descriptor": "descriptor/",
           "key wrap": "keys/", "session": "sessions/"}


@suite.each(*FOREIGN)
def a_strangers_object_is_reported_and_never_believed(kind):
    a, b = tenants()
    theirs = [key for key in a.objects("paris") if key.startswith(FOREIGN[kind])]
    before = b.ids()
    planted = [b.prefix("paris") / key for key in theirs]
    for key, path in zip(theirs, planted):
        path.parent.mkdir(parents=True, exist_ok=True)
        expect(not path.exists(), f"{key} is there already")
        shutil.copy(a.prefix("paris") / key, path)
    try:
        for forget in (False, True):
            if forget:
                b.forget_state()
            expect_equal(b.ids(exit=None), before, "the snapshots of b")
            hdstest.expect_restores(b, before[-1], b.source)
        result = b.run("verify", "--read", "all", exit=(3, 4, 5))
        expect_in(os.path.basename(theirs[0])[:32], result.all, "what verify says")
        b.run("backup", exit=(0, 3))
    finally:
        for path in planted:
            path.unlink()
    b.run("verify", "--read", "all")


@suite.each(*FOREIGN)
def a_strangers_object_in_the_place_of_an_own_one_is_never_restored(kind):
    a, b = tenants()
    own, theirs = ([key for key in each.objects("paris") if key.startswith(FOREIGN[kind])] for each in (b, a))
    path = b.prefix("paris") / own[0]
    kept = path.read_bytes()
    shutil.copy(a.prefix("paris") / theirs[0], path)
    b.forget_state()
    try:
        target = fresh()
        result = b.run("restore", "dpi@latest", "--to", target, exit=None)
        for file in target.rglob("*"):
            if file.is_file():
                expect(b"tenant a" not in file.read_bytes(), f"{file.name} is of tenant a")
        if result.exit == 0:
            expect_same(b.source, below(target, b.source))
        b.run("verify", "--read", "all", exit=(3, 4, 5))
    finally:
        path.write_bytes(kept)


@suite.test
def a_site_with_a_strangers_marker_is_refused():
    a, b = tenants()
    path = b.prefix("paris") / "site"
    kept = path.read_bytes()
    shutil.copy(a.prefix("paris") / "site", path)
    try:
        for words in (["snapshots"], ["backup"], ["verify"], ["restore", "dpi@latest", "--to", fresh()]):
            b.run(*words, exit=5)
    finally:
        path.write_bytes(kept)


@suite.test
def a_site_that_is_another_sites_copy_is_refused():
    """paris copied over lille by hand: its marker says that it is paris."""
    machine = Machine("copied")
    machine.add_source("base", command=["echo", "x"]).init()
    machine.run("backup")
    shutil.rmtree(machine.site("lille"))
    shutil.copytree(machine.site("paris"), machine.site("lille"))
    machine.run("snapshots", "--site", "lille", exit=5)
    machine.run("backup", exit=3)
    expect_equal(machine.snapshots(exit=5)[-1]["sites"], ["paris"], "sites of the last snapshot")


# Old copies

@suite.test
def an_older_copy_of_a_site_is_refused():
    """After a site was admitted, and so a new descriptor signed, the copy from before is put back."""
    machine = Machine("rolled-back", sites=["paris"])
    machine.add_source("base", command=["echo", "x"]).init()
    machine.run("backup")
    old = fresh("old")
    shutil.copytree(machine.site("paris"), old)
    machine.add_site("lille")
    machine.tenant_settings["sites"].append("lille")
    machine.write().run("init", "--kit", machine.kit)
    machine.run("backup", exit=(0, 3))
    machine.run("snapshots")
    shutil.rmtree(machine.site("paris"))
    shutil.copytree(old, machine.site("paris"))
    result = machine.run("snapshots", "--site", "paris", exit=5)
    expect_in("paris", result.err)
    machine.run("restore", "base@latest", "--to", fresh(), "--site", "paris", exit=5)
    machine.run("backup", exit=3)


@suite.test
def snapshots_that_an_older_copy_lacks_are_missed():
    """The copy has the same descriptor: the numbers of the manifests tell."""
    machine = Machine("hole", sites=["paris"])
    machine.add_source("base", command=["date", "+%N"]).init()
    machine.run("backup")
    old = fresh("old")
    shutil.copytree(machine.site("paris"), old)
    machine.run("backup")
    machine.run("verify", "--read", "all")
    shutil.rmtree(machine.site("paris"))
    shutil.copytree(old, machine.site("paris"))
    machine.run("backup", exit=(0, 3))
    machine.run("verify", "--read", "all", exit=4)


# Wrong keys

@suite.each(("in a file", {"HDSBACKUP_PASSPHRASE_FILE": "FILE"}), ("from a command", {"HDSBACKUP_PASSPHRASE_COMMAND": "echo wrong"}))
def a_wrong_passphrase_is_a_wrong_key_and_no_damage(_, env):
    machine = told()
    (machine.root / "wrong").write_text("wrong\n")
    env = {"HDSBACKUP_PASSPHRASE_FILE": None} | {name: str(machine.root / "wrong") if value == "FILE" else value for name, value in env.items()}
    result = machine.run("restore", "latest", "--to", fresh(), exit=7, env=env)
    expect("damage" not in result.all, "it speaks of damage")


@suite.test
def the_passphrase_may_come_by_descriptor():
    machine = told()
    for text, exit in (("une phrase de passe\nrest", 0), ("wrong\n", 7), ("\n", 7)):
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        machine.run("ls", "latest", "--passphrase-fd", str(reader), exit=exit, fds=[reader], env={"HDSBACKUP_PASSPHRASE_FILE": None})
        os.close(reader)


@suite.test
def without_a_passphrase_nothing_opens():
    told().run("restore", "latest", "--to", fresh(), exit=7, env={"HDSBACKUP_PASSPHRASE_FILE": None}, before=os.setsid)


@suite.each("another kit's code", "a mistyped code", "a code of wrong length")
def a_wrong_kit_code_opens_nothing(which):
    machine, out = told(), fresh("machine")
    kit = machine.kit.read_text().splitlines()
    at = next(number for number, line in enumerate(kit) if line.startswith("code"))
    code = kit[at].split("=")[1].strip()
    other = next(line for line in tenants()[0].kit.read_text().splitlines() if line.startswith("code")).split("=")[1].strip()
    wrong = {"another kit's code": other, "a mistyped code": ("Z" if code[0] != "Z" else "Y") + code[1:], "a code of wrong length": code[:-5]}
    kit[at] = f"code        = {wrong[which]}"
    (machine.root / "wrong-kit.txt").write_text("\n".join(kit))
    machine.run("recover", "--kit", machine.root / "wrong-kit.txt", "--site", machine.site("paris"), "--out", out, exit=7)
    expect(not (out / "config.toml").exists(), "a configuration was written")


@suite.test
def another_fingerprint_finds_no_repository():
    machine = told()
    machine_b = tenants()[1]
    machine.run("recover", "--kit", machine_b.kit, "--site", machine.site("paris"), "--out", fresh("machine"), exit=(4, 5, 6))


suite.main()
