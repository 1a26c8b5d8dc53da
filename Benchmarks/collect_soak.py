#!/usr/bin/env python3
"""Lets eight nodes, a replicator and a collector work on the same sites under kills, and says whether anything was lost.

    collect_soak.py --program .build/release/hdsbackup --minutes 10
    collect_soak.py --program .build/release/hdsbackup --minutes 10 --s3 ceph

Each node has its own keys, state and source; six have a domain each, two share one. Each changes its source, takes a snapshot, and again. A replicator
brings two sites level, a maintenance host applies retention and collects, with a patience of seconds, each with a state of its own. Each of these
processes is killed (-9) at random, one run in three. The sites are two folders, or with --s3 a folder and a bucket of a store that is started here.

A source holds the number of the run that reads it, so that a restored folder says what it must be: the hash of all that a listing finds.

Afterwards, without any manual step, each a violation where it is not so:
  commands         none of them ever said that something is damaged, or died by itself; the last of each kind ends well
  no snapshot lost what a run that ended well said that it took is listed at both sites, or retention dropped it
  the last stays   the last snapshot of each node that was said to be taken is listed
  nothing torn     every listed snapshot restores from each site, as its source was
  nothing returns  no dropped snapshot is listed
  verify           every pack is read and every blob opened at each site
  garbage          two more collections leave nothing to collect

Exit status: 0 all is well, 1 a violation.
"""
import argparse
import collections
import concurrent.futures
import copy
import hashlib
import io
import itertools
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ("ceph", "seaweedfs")
DOMAINS = (0, 1, 2, 3, 4, 5, 6, 6)   # of the nodes: the last two share one
KEEP = 3
FILES = 12
PATIENCE = ("0s", "2s", "10s")
LEFTOVER = 6         # collections after which there is nothing more to do


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROJECT / ".build/release/hdsbackup", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--s3", choices=KINDS, metavar="STORE", help="the second site is a bucket of such a store: " + " or ".join(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


options = arguments()
if options.s3 and not os.environ.get("HDS_STORES"):
    os.execv(sys.executable, [sys.executable, str(PROJECT / "Tests/Stores/with_stores.py"), sys.executable, *sys.argv])
os.environ["HDSBACKUP"] = str(options.program.resolve())
sys.path[:0] = [str(PROJECT / "Tests/EndToEnd"), str(PROJECT / "Tests/Reader")]
import hdstest  # noqa: E402, it reads the environment
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey  # noqa: E402
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402
from hdsreader.crypto import HPKE, LABEL, public_keys, recipient_id, sha256  # noqa: E402
from hdsreader.keys import Domain, Kit, open_wrap  # noqa: E402
from hdsreader.problems import Report  # noqa: E402
from hdsreader.repository import Repository  # noqa: E402
from hdsreader.statements import DESCRIPTOR, WRITE  # noqa: E402
from hdstest import Open, below, fresh  # noqa: E402
from tests.hostile import varint  # noqa: E402, of the reader
from tests.rules import listed, statement  # noqa: E402

dice = random.Random(options.seed)
violations = []


def say(text):
    print(text, flush=True)


def violation(text):
    violations.append(text)
    say(f"  VIOLATION {text}")


# Admitting nodes: a new descriptor, a new wrap of all keys for the kit, and key files (docs/FORMAT.md 6, 9.2 and 22)

def text(value):
    return varint(len(value.encode())) + value.encode()


def key_file(path, kind, secret):
    """Without a passphrase."""
    body = b"HDSBKEYF" + bytes([1, kind, 0]) + secret
    path.write_bytes(body + sha256(body))
    path.chmod(0o600)


def bundle(name, epochs, domains, authority):
    return (b"\1" + text(name) + listed([struct.pack("<I", number) + seed for number, seed in epochs])
            + listed([domain.id + domain.secret + text(domain.name) for domain in domains]) + varint(len(authority)) + authority)


def encapsulate(public, info):
    """The sender's side of X-Wing and HPKE: the encapsulation and its context."""
    shared, ciphertext = MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
    own = X25519PrivateKey.generate()
    ephemeral = own.public_key().public_bytes_raw()
    mixed = shared + own.exchange(X25519PublicKey.from_public_bytes(public[1184:])) + ephemeral + public[1184:]
    return ciphertext + ephemeral, HPKE(hashlib.sha3_256(mixed + bytes.fromhex("5c2e2f2f5e5c")).digest(), info)


def key_wrap(tenant, epoch, public, secret):
    encapsulation, context = encapsulate(public, LABEL + b"key wrap")
    header = b"HDSBWRAP" + struct.pack("<HH16sI16s", 1, 1, tenant.id, epoch, recipient_id(public))
    sealed = AESGCM(context._key).encrypt(context._nonce, secret, header)
    body = header + encapsulation + context.export(b"commitment") + struct.pack("<I", len(sealed)) + sealed
    return body + sha256(body)


class Admission:
    """Nodes with keys of their own, in a tenant that `init` has just made."""

    def __init__(self, machine):
        self.machine, self.folder = machine, machine.keys / machine.tenant
        kit = Kit(machine.kit.read_text())
        self.tenant = kit.tenant
        opened = Repository(str(machine.site(machine.folders[0])), kit, Report(io.StringIO()))
        self.descriptor = opened.descriptor
        wrap, = (path for path in (self.folder / "public").iterdir() if path.name.startswith("keys~"))
        self.bundle = open_wrap(wrap.read_bytes(), self.tenant, kit.key)
        self.domains = [domain(id, secret, name) for id, secret, name in self.bundle.domains]

    def admit(self, nodes):
        """`nodes`: (seed, domain of it) each. The machine knows all domains afterwards; `init` brings the rest to the sites."""
        new = list({domain.id: domain for _, domain in nodes}.values())
        self.domains += new
        last, begins = self.descriptor, int(time.time())
        actors = [struct.pack("<B16s", actor.role, actor.domain) + actor.public + struct.pack("<qq", actor.begins, actor.until)
                  for each in last.actors.values() for actor in each]
        actors += [struct.pack("<B16s", WRITE, domain.id) + public_keys(seed) + struct.pack("<qq", begins, 0) for seed, domain in nodes]
        before, = (path for path in (self.folder / "public").iterdir() if path.name.startswith("descriptor~"))
        body = (struct.pack("<I", last.number + 1) + sha256(before.read_bytes()) + struct.pack("<q", begins) + last.authority
                + struct.pack("<QQQ", *last.features) + listed([struct.pack("<I", number) + public for number, public in last.epochs.items()])
                + listed([bytes([kind]) + public for kind, public in last.recipients])
                + listed([id + record.commitment + record.before for id, record in last.domains.items()]
                         + [domain.id + domain.commitment + bytes(16) for domain in new])
                + listed(actors) + listed(last.sites))
        signed = statement(DESCRIPTOR, body, self.bundle.authority, self.tenant)
        self.keep(f"descriptor~{last.number + 1:010}.{sha256(signed)[:16].hex()}", signed)
        for _, public in last.recipients:
            wrap = key_wrap(self.tenant, 1, public, bundle(self.bundle.tenant_name, self.bundle.epochs, self.domains, self.bundle.authority))
            self.keep(f"keys~1~{recipient_id(public).hex()}.{os.urandom(16).hex()}", wrap)
        key_file(self.folder / "restore.key", 4, bundle(self.bundle.tenant_name, self.bundle.epochs, self.domains, b""))
        seed = (self.folder / "maintain.key").read_bytes()[11:43]
        key_file(self.folder / "maintain.key", 2, seed + listed([domain.id + domain.catalogue for domain in self.domains]))

    def keep(self, name, data):
        (self.folder / "public" / name).write_bytes(data)

    def give(self, keys, seed, domain):
        """A node's folder of keys: its own key, and what is public."""
        folder = keys / self.machine.tenant
        shutil.copytree(self.folder / "public", folder / "public")
        shutil.copy(self.folder / "fingerprint", folder / "fingerprint")
        key_file(folder / "node.key", 1, seed + domain.id + domain.secret + text(domain.name))
        for path in self.machine.keys.iterdir():  # credentials of stores
            if path.is_file():
                shutil.copy2(path, keys / path.name)


def domain(id, secret, name):
    made = Domain(id, secret, name)
    made.secret = secret
    return made


# The hosts

def make_machine():
    """Has all keys, and two sites."""
    if options.s3:
        import s3sites
        bucket = s3sites.Bucket(next(name for name, kind in {"brest": "ceph", "paris": "seaweedfs"}.items() if kind == options.s3))
        machine = s3sites.S3Machine("tenant", files=["disk"], buckets=[bucket])
        machine.folders = ["disk"]
    else:
        machine = Open("tenant")
        machine.folders = machine.sites
    machine.tenant_settings["policy"] = {"keep": {"last": KEEP}, "quarantine": "1s", "cool_off": "0s"}
    machine.init()
    return machine


def host(machine, name, **node):
    """Another host of the tenant, with a state of its own."""
    other = copy.copy(machine)
    other.settings = copy.deepcopy(machine.settings)
    other.root = machine.root / name
    other.root.mkdir()
    other.state, other.config = other.root / "state", other.root / "config.toml"
    other.keys = node.get("keys", machine.keys)
    other.settings["node"] |= {"state": other.state, "name": name} | node
    return other.write()


def told(result):
    """What a command said; of much the beginning and the end."""
    said = result.all if len(result.all) <= 6000 else f"{result.all[:3000]}\n...\n{result.all[-3000:]}"
    return f"{result}, exit status {result.exit}\n{hdstest.indented(said, 7000)}"


class Actor(threading.Thread):
    """Runs commands again and again, of which some are killed."""

    def __init__(self, soak, machine, name):
        super().__init__(name=name)
        self.soak, self.machine = soak, machine
        self.dice = random.Random(f"{options.seed} {name}")
        self.lasts, self.exits = 1.0, collections.Counter()

    def run(self):
        while not self.soak.over.is_set():
            try:
                self.once()
            except Exception as error:
                violation(f"{self.name}: {error!r}")
                return

    def command(self, *words):
        """The result of a run; None where it was killed. It hangs where it comes to no step for a long time: a replicator may have much to do."""
        began, is_killed = time.monotonic(), self.dice.random() < 1 / 3
        with tempfile.TemporaryFile() as steps:
            environment = self.machine.environment(HDSBACKUP_STEPS_FD=steps.fileno())
            process = subprocess.Popen([os.fspath(word) for word in self.machine.words(*words)], env=environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[steps.fileno()])
            patience, come = self.dice.uniform(0, 1.2 * self.lasts) if is_killed else hdstest.PATIENCE, 0
            while True:
                try:
                    out, err = process.communicate(timeout=patience)
                    break
                except subprocess.TimeoutExpired:
                    before, come = come, os.fstat(steps.fileno()).st_size
                    if is_killed or come == before:
                        process.send_signal(signal.SIGKILL)
                        out, err = process.communicate()
                        if not is_killed:
                            violation(f"{self.name}: {' '.join(map(str, words))} hangs")
                        break
        if process.returncode == -signal.SIGKILL:
            self.exits["killed"] += 1
            return None
        self.lasts = 0.5 * self.lasts + 0.5 * (time.monotonic() - began)
        self.exits[process.returncode] += 1
        result = hdstest.Result(words, process.returncode, out, err)
        if result.exit in (1, 4, 7, 8) or result.exit < 0:
            violation(f"{self.name}: {told(result)}")
        return result


class Writer(Actor):
    """A node: its folder holds still while a run reads it."""

    def __init__(self, soak, machine, name):
        super().__init__(soak, machine, name)
        self.folder, self.number, self.digests, self.taken = machine.root / "source", 0, {}, []
        self.reasons = collections.Counter()  # why a site was left out
        self.folder.mkdir()
        self.shared = soak.shared  # content that several nodes have
        machine.add_source(name, self.folder)
        machine.write()

    def once(self):
        self.change()
        result = self.command("backup", "--json")
        for line in result.lines if result and result.exit in (0, 3) else ():
            self.reasons.update(site["error"] for site in line.get("sites", ()) if "error" in site)
            if "snapshot" in line and any(site["committed"] for site in line["sites"]):
                self.taken.append(line["snapshot"])

    def change(self):
        """A few files come, go, come back as they were, and move; then the folder is looked at."""
        self.number += 1
        for _ in range(self.dice.randint(1, 4)):
            path = self.folder / f"f-{self.dice.randrange(FILES):02}"
            act = self.dice.random()
            if act < 0.4:
                path.write_bytes(self.dice.randbytes(self.dice.choice((1000, 60_000, 400_000))))
            elif act < 0.7:
                path.write_bytes(self.dice.choice(self.shared))
            elif path.exists():
                path.unlink()
        (self.folder / "run").write_text(f"{self.number}\n")
        self.digests[self.number] = digest(self.folder)


class Replicator(Actor):
    def once(self):
        self.command("replicate", "--json")
        self.soak.over.wait(self.dice.uniform(0, 2))


class Collector(Actor):
    def __init__(self, *more):
        super().__init__(*more)
        self.figures = collections.Counter()

    def once(self):
        self.command("retention", "apply")
        for _ in range(self.dice.randint(1, 4)):
            result = self.command("collect", "--json", "--patience", self.dice.choice(PATIENCE))
            for row in (row for line in (result.lines if result else ()) for row in line.get("sites", ())):
                self.figures[row["state"]] += 1
                for what in ("deleted_packs", "deleted_bytes", "rescued_packs", "compacted_packs", "merged_segments"):
                    self.figures[what] += row.get(what) or 0
            self.soak.over.wait(self.dice.uniform(0, 1.5))


def digest(folder):
    """A hash of all that a listing finds in a folder, but for holes: when a file system makes them is its own affair."""
    entries = hdstest.without(hdstest.listing(folder), ["--no-holes"]).entries
    return hashlib.sha256(repr([(path, sorted(entries[path].items(), key=str)) for path in sorted(entries)]).encode()).hexdigest()


# The soak

class Soak:
    def __init__(self):
        self.over = threading.Event()
        self.shared = [dice.randbytes(size) for size in (3_000, 200_000, 1_500_000)] + [bytes(2 << 20)]
        self.machine = machine = make_machine()
        domains = [domain(os.urandom(16), os.urandom(32), f"domain-{number}") for number in range(max(DOMAINS) + 1)]
        nodes = [(os.urandom(32), domains[number]) for number in DOMAINS]
        admission = Admission(machine)
        admission.admit(nodes)
        machine.run("init")
        self.writers = []
        for number, (seed, own) in enumerate(nodes):
            keys = machine.root / f"keys-{number}"
            keys.mkdir(mode=0o700)
            admission.give(keys, seed, own)
            node = host(machine, f"node-{number}", roles=["write"], keys=keys, domain=own.name)
            self.writers.append(Writer(self, node, f"source-{number}"))
        self.replicator = Replicator(self, host(machine, "replicator"), "replicator")
        self.collector = Collector(self, host(machine, "collector"), "collector")
        self.actors = [*self.writers, self.replicator, self.collector]

    def run(self):
        say(f"collection soak: {options.minutes:g} min, {options.program}, sites {', '.join(self.machine.sites)}")
        for actor in self.actors:
            actor.start()
        self.over.wait(options.minutes * 60)
        self.over.set()
        for actor in self.actors:
            actor.join()

    # What is to be true afterwards

    def check(self):
        machine = self.machine
        # A site that lacks a node's last snapshot is left out of its backups until then.
        self.last("replicate")
        for writer in self.writers:
            writer.change()
            result = writer.machine.run("backup", "--json", exit=None)
            if result.exit:
                violation(f"the last backup of {writer.name}: {told(result)}")
            writer.taken += [line["snapshot"] for line in result.lines if "snapshot" in line]
        self.last("replicate")
        self.last("retention", "apply")
        self.collect_all()
        self.last("replicate")
        ids = {site: set(machine.ids("--site", site)) for site in machine.sites}
        self.check_listed(ids)
        rows = machine.snapshots()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for wrong in pool.map(lambda each: self.restored(*each), itertools.product(rows, machine.sites)):
                for each in wrong:
                    violation(each)
        say(f"  {len(rows)} snapshots restored from {len(machine.sites)} sites")
        self.last("verify", "--read", "all", "--open")

    def last(self, *words):
        result = self.machine.run(*words, exit=None)
        if result.exit:
            violation(f"the last {words[0]}: {told(result)}")

    def collect_all(self):
        for _ in range(LEFTOVER):
            result = self.machine.run("collect", "--json", "--wait", "--patience", "0s", "--quarantine", "0s", exit=None)
            if result.exit:
                return violation(f"the last collection: {told(result)}")
            rows = [row for line in result.lines for row in line.get("sites", ())]
            if all(row["state"] == "nothing" for row in rows):
                return None
        return violation(f"{LEFTOVER} collections leave something to collect: {rows}")

    def forgotten(self):
        """Snapshots that retention dropped, by the signed records."""
        machine = self.machine
        repository = Repository(str(machine.site(machine.folders[0])), Kit(machine.kit.read_text()), Report(io.StringIO()))
        return {snapshot.hex() for snapshot in repository.rules.forgotten}

    def check_listed(self, ids):
        dropped, everywhere = self.forgotten(), set.intersection(*ids.values())
        if set.union(*ids.values()) != everywhere:
            violation(f"the sites list other snapshots: {({site: len(found) for site, found in ids.items()})}")
        if back := dropped & set.union(*ids.values()):
            violation(f"dropped snapshots are listed: {back}")
        for writer in self.writers:
            lost = set(writer.taken) - everywhere - dropped
            if lost:
                violation(f"{writer.name}: taken and not dropped, but not listed everywhere: {lost}")
            if writer.taken and writer.taken[-1] not in everywhere:
                violation(f"{writer.name}: its last snapshot is not listed")

    def restored(self, snapshot, site):
        """What is wrong about a snapshot at a site."""
        name = f"{snapshot['source']} of {snapshot['time']}, {snapshot['id'][:12]}, from {site}"
        writer = next(writer for writer in self.writers if writer.name == snapshot["source"])
        target = fresh()
        result = self.machine.restore(snapshot["id"], target, "--site", site, exit=None)
        if result.exit:
            return [f"{name}: {result!r}"]
        folder = below(target, writer.folder)
        number = int((folder / "run").read_text())
        found = digest(folder)
        hdstest.remove(target)
        return [] if writer.digests.get(number) == found else [f"{name}: it is not what run {number} read"]

    def report(self):
        for actor in self.actors:
            exits = ", ".join(f"{count} × {exit}" for exit, count in sorted(actor.exits.items(), key=str))
            say(f"  {actor.name:12} exit statuses: {exits}")
        reasons = sum((writer.reasons for writer in self.writers), collections.Counter())
        say("  sites left out: " + (", ".join(f"{count} × {reason}" for reason, count in sorted(reasons.items())) or "none"))
        say(f"  {sum(len(writer.taken) for writer in self.writers)} snapshots were said to be taken")
        say("  collection: " + ", ".join(f"{what} {count}" for what, count in sorted(self.collector.figures.items())))
        if not self.collector.figures["deleted_packs"]:
            violation("nothing was ever deleted: nothing was shown")


def main():
    try:
        soak = Soak()
        soak.run()
        soak.check()
        soak.report()
    finally:
        if os.environ.get("KEEP") == "1":
            say(f"kept: {hdstest.place()}")
        else:
            hdstest.remove(hdstest.place())
    say(f"{len(violations)} violations" if violations else "no violation")
    sys.exit(1 if violations else 0)


main()
