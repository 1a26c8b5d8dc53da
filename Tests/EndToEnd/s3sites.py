"""Machines whose sites are buckets of the stores that Tests/Stores/with_stores.py started."""
import contextlib
import datetime
import functools
import itertools
import json
import os
import re
import sys
import time

import hdstest
from hdstest import HERE, Kept, Open, Runner, below, expect, expect_same, fresh

sys.path.insert(0, str(HERE.parent / "Stores"))
import s3client  # noqa: E402, the folder is known only now
import store as stores_tool  # noqa: E402

ROLES = {"write": "node", "maintain": "maintenance", "restore": "restore"}  # of ours: the store's
numbers = itertools.count(1)


@functools.cache
def stores():
    return stores_tool.Stores(os.environ["HDS_STORES"])


def store(name):
    return stores().store(name)


@functools.cache
def policies():
    """The JSON of docs/S3-POLICIES.md: data bucket, statements where nodes lock, coordination bucket."""
    page = (HERE.parent.parent / "docs" / "S3-POLICIES.md").read_text("utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.S)]


class Bucket:
    """A new bucket, perhaps with another beside it for what decides between writers: seen by its owner, without the program."""

    def __init__(self, site, *, versioned=False, locked=False, agree=None, roles=False, node_locks=None):
        """`agree`: with the other beside it. `roles`: as docs/S3-POLICIES.md; `node_locks`: nodes set locks, as they do by default
        without roles; else the bucket locks what comes by itself."""
        self.site, self.store, self.locked = site, store(site), locked
        self.client = self.store.client()
        self.name = f"e2e-{os.getpid()}-{next(numbers)}"
        agree = locked if agree is None else agree
        self.agree = self.name + "-agree" if agree else None
        node_locks = not roles if node_locks is None else node_locks
        self.store.bucket(self.name, versioned=versioned, locked=locked)
        if locked and not node_locks:
            self.client.set_default_lock(self.name, s3client.GOVERNANCE, 14)
        if agree:
            self.store.bucket(self.agree)
        if roles:
            self.give_rights(node_locks)

    def give_rights(self, node_locks):
        """Those of docs/S3-POLICIES.md, as an operator pastes them."""
        data, nodes_lock, coordination = policies()
        if node_locks or not self.locked:
            changed = {each["Sid"]: each for each in nodes_lock} if self.locked else {"lock": None, "nolock": None}
            statements = [changed.get(each["Sid"], each) for each in data["Statement"]]
            data = data | {"Statement": [each for each in statements if each]}
        for bucket, policy in ((self.name, data), (self.agree, coordination)):
            if not bucket:
                continue
            text = json.dumps(policy).replace("BUCKET", bucket).replace("PRINCIPAL/", self.store.principal.format(""))
            self.client.set_policy(bucket, json.loads(text))
            if self.store.kind == "ceph":
                self.client.ignore_public_acls(bucket)
            self.wait_for_rights(bucket)

    def wait_for_rights(self, bucket):
        """A policy takes up to a second to be in force."""
        for _ in range(200):
            with contextlib.suppress(s3client.Refused):
                return self.store.client("restore").keys(bucket)
            time.sleep(0.05)
        raise AssertionError(f"the policy of {bucket} at {self.site} is not in force")

    def settings(self, **more):
        found = {"kind": "s3", "endpoint": self.store.endpoint, "region": stores_tool.REGION, "bucket": self.name}
        found |= {"coordination_bucket": self.agree} if self.agree else {}
        found |= {"object_lock": "governance"} if self.locked else {}
        return {key: value for key, value in (found | more).items() if value is not None}

    def keys(self, below=""):
        """Keys of the tenant's only folder that begin with `below`, without the folder: {key: whole key}."""
        found = {key.partition("/")[2]: key for key in self.client.keys(self.name)}
        return {key: whole for key, whole in found.items() if key.startswith(below)}

    def versions(self, whole):
        """Ids of an object's versions that hold bytes, the newest first."""
        return [each.id for each in self.client.versions(self.name, whole) if each.key == whole and not each.marker]


class S3Machine(Open):
    """Its sites are folders (`add_site`) and buckets."""

    def __init__(self, name, *, files=(), buckets=(), **more):
        super().__init__(name, sites=files, **more)
        self.buckets = {}
        for bucket in buckets:
            self.add_bucket(bucket)
        self.source = self.root / "sample"

    def add_bucket(self, bucket, *, roles=None, **settings):
        """`roles`: the store's role for each of our accesses that this machine has credentials for; all are the owner's without."""
        roles = roles or {"write": "owner"}
        names = {access: self.credentials(bucket.site, role) for access, role in roles.items()}
        self.buckets[bucket.site] = bucket
        self.settings[f"site.{bucket.site}"] = bucket.settings(credentials=names, **settings)
        if bucket.site not in self.sites:
            self.sites.append(bucket.site)

    def credentials(self, site, role):
        self.keys.mkdir(exist_ok=True)
        file = self.keys / f"{site}-{role}"
        file.write_text("\n".join(f"{name}={value}" for name, value in access_key(site, role).items()))
        file.chmod(0o600)
        return file.name

    def sample(self, mib=1, **more):
        """A sample hospital as the source, the tenant made, ready for a first backup."""
        hdstest.hospital(self.source, mib=mib)
        self.add_source("dpi", self.source, **more).init()
        return self

    def dice(self, kib=600):
        """Random bytes as the source."""
        self.source.mkdir(exist_ok=True)
        (self.source / f"random-{next(numbers)}").write_bytes(os.urandom(kib << 10))

    def set(self, site, **settings):
        self.settings[f"site.{site}"] |= settings
        return self.write()


def access_key(site, role="owner"):
    """As the environment has it."""
    return {"AWS_ACCESS_KEY_ID": store(site).access_key(role), "AWS_SECRET_ACCESS_KEY": store(site).secret_key(role)}


class Days:
    """The snapshots that a machine took, and what each must restore."""

    def __init__(self, machine):
        self.machine, self.kept = machine, {}

    def backup(self, *words, exit=0, **more):
        kept = Kept(self.machine.source, fresh("kept"))
        line = self.machine.backup(*words, exit=exit, **more)[0]
        self.kept[line["snapshot"]] = kept
        return line

    @property
    def last(self):
        return list(self.kept)[-1]

    def expect_all(self, *words, machine=None, **more):
        """Each restores as the source was."""
        for snapshot in self.kept:
            self.expect(snapshot, *words, machine=machine, **more)

    def expect(self, snapshot, *words, machine=None, exit=0, **more):
        target = fresh()
        result = (machine or self.machine).restore(snapshot, target, *words, exit=exit, **more)
        expect_same(self.kept[snapshot], below(target, self.machine.source))
        hdstest.remove(target)
        return result


class Bare:
    """A machine that had nothing but the kit: its configuration is what `recover` made, its credentials are in the environment."""

    def __init__(self, machine, site, address=None, **env):
        self.root, self.env, self.site = fresh("bare"), access_key(site) | env, site
        words = ["recover", "--kit", machine.kit, "--site", address or site, "--out", self.root]
        self.made = Runner.run([hdstest.program(), *words], env=hdstest.environment(**self.env), before=os.setsid)

    def restore(self, snapshot, target, *words, exit=0, **more):
        return self.run("restore", snapshot, "--to", target, *words, exit=exit, **more)

    def run(self, *words, exit=0, **more):
        return Runner.run([hdstest.program(), *words, "--config", self.root / "config.toml"], exit=exit, env=hdstest.environment(**self.env), **more)


def committed(line):
    return {each["site"]: each["committed"] for each in line["sites"]}


def expect_no_damage(result):
    """What did not answer is not said to be damaged."""
    expect(result.exit != 4, f"exit status 4: {result!r}")
    for word in ("damaged", "missing", "tamper"):
        expect(word not in result.all, f"it speaks of something {word}")


def pending(machine):
    return machine.run("replicate", "--pending", "--json").json["lacks"]


def days_from_now(until):
    return (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400
