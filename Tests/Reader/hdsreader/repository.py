"""From a kit and a site to snapshots, blobs and contents of files: docs/FORMAT.md 16."""
import hmac
from collections import OrderedDict
from typing import NamedTuple

from . import names, tree
from .crypto import recipient_id, sha256
from .keys import (CONTENT_HASH, DATA, LABELS, LIST_PAGE, OUTLINE, TABLE, LAST_ORDINAL, TREE_PAGE, WRAP_LIMIT, Ring,
                   open_wrap)
from .packs import PACK_LIMIT, Pack, Table
from .problems import Damaged, Missing, Problem, Refused, Usage, WrongKey, about
from .site import FileSite
from .statements import (COMMIT, FENCE, MAINTAIN, MANIFEST, SEGMENT, SLOT, WRITE, Labels, Manifest, Outline,
                         SegmentBody, Slot, Statement, largest)
from .trust import Rules, read_chain, read_marker, read_statement

MANY_PACKS, MANY_BLOBS = 64, 16  # kept open


class Snapshot(NamedTuple):
    id: bytes
    digest: bytes        # of its manifest
    domain: bytes
    outline: Outline
    labels: Labels


class Cache(OrderedDict):
    """The values used last."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def get_or(self, key, make):
        if key not in self:
            self[key] = make()
        self.move_to_end(key)
        while len(self) > self.limit:
            self.popitem(last=False)
        return self[key]


class Repository:
    """One tenant at one site, with the keys that its kit leads to."""

    def __init__(self, path, kit, report):
        self.tenant, self.report = kit.tenant, report
        self.site = FileSite(path, self.tenant.prefix)
        self.chain = read_chain(self.site, self.tenant, report)
        self.descriptor = self.chain[-1]
        with about("site"):
            self.marker = read_marker(self.site, self.tenant, self.descriptor)
        self.ring = self._open_keys(kit.key)
        self.rules = Rules(self.site, self.tenant, self.descriptor, self.marker, report)
        self._index, self._names, self._all = {}, None, None
        self._packs, self._blobs = Cache(MANY_PACKS), Cache(MANY_BLOBS)

    def _open_keys(self, key):
        ring, failed = Ring(self.tenant), []
        for name in self.site.keys("keys"):
            try:
                with about(name):
                    ring.merge(open_wrap(self.site.read(name, WRAP_LIMIT), self.tenant, key), self.descriptor)
            except Problem as problem:
                failed.append(problem)
        for problem in failed:
            # A wrap for somebody else is nothing to speak of.
            if not isinstance(problem, WrongKey) or not ring.domains:
                self.report.add(problem)
        if not ring.domains:
            known = key.recipient in (recipient_id(public) for _, public in self.descriptor.recipients)
            damage = next((problem for problem in failed if not isinstance(problem, WrongKey)), None)
            raise damage or (Missing("the key wrap for this kit", "keys/") if known and not failed
                             else WrongKey("no key wrap opens with this kit", "keys/"))
        return ring

    # Snapshots

    def commits(self):
        """(key, slot) of every commit that counts, of snapshots that are not forgotten."""
        for key in self.site.keys("commits"):
            name = names.CommitKey.named(key)
            if name is None:
                self.report.note(f"{key} is not a name of this format")
            elif self.rules.commit_counts(name):
                with self.report.passing(key):
                    _, slot = self.read_slot(key, name)
                    if slot.outcome == COMMIT and not self.rules.is_forgotten(name.snapshot, slot.manifest):
                        yield key, slot

    def read_slot(self, key, name):
        statement = read_statement(self.site, key, SLOT, self.tenant)
        slot = Slot.parse(statement)
        if slot.key != name or slot.site != self.marker.site:
            raise Refused("a slot of another name or site")
        roles = [(MAINTAIN, None)] if slot.outcome == FENCE else [(WRITE, None), (MAINTAIN, None)]
        self.descriptor.check_signer(statement, roles, slot.created.seconds)
        return statement, slot

    def read_manifest(self, snapshot, digest, moment):
        """The snapshot of a commit made at `moment`."""
        key = names.manifest_key(snapshot, digest)
        with about(key):
            data = self.site.read(key, largest(MANIFEST))
            if sha256(data) != digest:
                raise Damaged("its SHA-256 is not that of its name or commit")
            statement = Statement.parse(data, MANIFEST, self.tenant)
            manifest = Manifest.parse(statement)
            if manifest.snapshot != snapshot:
                raise Refused("a manifest of another snapshot")
            if manifest.descriptor > self.descriptor.number:
                raise Refused(f"it was made under descriptor {manifest.descriptor}: the site was rolled back")
            self.descriptor.check_signer(statement, [(WRITE, manifest.domain)], moment)
            id = snapshot + bytes(16)
            outline = Outline.parse(self.ring.open(manifest.outline_block, manifest.domain, OUTLINE, id, 0,
                                                   manifest.outline))
            if outline.node != statement.signer:
                raise Refused("its outline names another node than its signer")
            labels = Labels.parse(self.ring.open(manifest.labels_block, manifest.domain, LABELS, id, 0,
                                                 manifest.labels))
            return Snapshot(snapshot, digest, manifest.domain, outline, labels)

    def snapshots(self):
        """All that can be read, oldest first; the others are reported."""
        found = {}
        for _, slot in self.commits():
            if slot.manifest not in found:
                with self.report.passing(None):
                    found[slot.manifest] = self.read_manifest(slot.key.snapshot, slot.manifest, slot.created.seconds)
        return sorted(found.values(), key=lambda snapshot: (snapshot.outline.started, snapshot.id))

    def snapshot(self, prefix):
        """The one snapshot whose id begins with `prefix`."""
        slots = {slot.key.snapshot: slot for _, slot in self.commits() if slot.key.snapshot.hex().startswith(prefix)}
        if len(slots) > 1:
            raise Usage(f"{len(slots)} snapshots begin with {prefix}")
        if not slots:
            raise Missing(f"no snapshot {prefix}")
        slot, = slots.values()
        return self.read_manifest(slot.key.snapshot, slot.manifest, slot.created.seconds)

    # Index

    def read_segment(self, key, name, domain=None):
        """Body and table of a segment; None if it is of another domain than `domain`."""
        statement = read_statement(self.site, key, SEGMENT, self.tenant)
        body = SegmentBody.parse(statement)
        if domain not in (None, body.domain):
            return None
        if body.key != name or body.site != self.marker.site:
            raise Refused("a segment of another name or site")
        actor = self.descriptor.check_signer(statement, [(MAINTAIN, None), (WRITE, body.domain)],
                                             body.created.seconds)
        table = Table(self.ring.open(body.block, body.domain, TABLE, bytes(32), LAST_ORDINAL, body.table))
        if actor.role == WRITE and any((pack.session, writer) != (name.session, statement.signer)
                                       for pack, writer in table.packs):
            raise Refused("a node's segment lists packs that are not its own")
        return body, table

    def index(self, domain):
        """Where the segments that count say that blobs are: {id: [Place]}."""
        if domain not in self._index:
            found = self._index[domain] = {}
            for key in self.site.keys("index"):
                name = names.SegmentKey.named(key)
                if name and self.rules.segment_counts(name):
                    with self.report.passing(key):
                        _, table = self.read_segment(key, name, domain) or (None, None)
                        for id, place in table.places() if table else ():
                            found.setdefault(id, []).append(place)
        return self._index[domain]

    # Blobs

    def pack(self, key):
        return self._packs.get_or(key, lambda: self._open_pack(key))

    def _open_pack(self, key):
        with about(key):
            return Pack(lambda offset, length: self.site.read_range(key, offset, length), self.site.size(key), self.ring)

    def told_apart(self, key, problem):
        """What looks like a wrong key or a later format may be damage: the whole pack's hash tells."""
        try:
            with about(key):
                if sha256(self.site.read(key, PACK_LIMIT)) != names.PackKey.named(key).digest:
                    return Damaged("its SHA-256 is not its name", key)
        except Problem as worse:
            return worse
        return problem

    def pack_names(self):
        """{digest: [key]} of all packs that are there."""
        if self._names is None:
            self._names = {}
            for key in self.site.keys("packs"):
                name = names.PackKey.named(key)
                if name:
                    self._names.setdefault(name.digest, []).append(key)
                else:
                    self.report.note(f"{key} is not a name of this format")
        return self._names

    def _candidates(self, domain, id, kind):
        """(key, offset or None) of every place that may have a blob: the index's first, then any pack's."""
        tried = set()
        for place in self.index(domain).get(id, ()):
            for key in [str(place.pack)] + self.pack_names().get(place.pack.digest, []):
                if (key, place.offset) not in tried:
                    tried.add((key, place.offset))
                    yield key, place
        for keys in self.pack_names().values():
            for key in keys:
                yield key, None

    def blob(self, domain, id, kind):
        """The plain bytes of a blob, which have that id."""
        return self._blobs.get_or((domain, id, kind), lambda: self._find_blob(domain, id, kind))

    def _find_blob(self, domain, id, kind):
        failed = []
        for key, place in self._candidates(domain, id, kind):
            try:
                with about(key):
                    found = self._open_at(self.pack(key), domain, id, kind, place)
            except Problem as problem:
                failed.append(self.told_apart(key, problem))
                continue
            if found is not None:
                for problem in failed:
                    self.report.add(problem)
                return found
        for problem in failed:
            self.report.add(problem)
        name = f"blob {id.hex()}"
        if failed and all(isinstance(problem, WrongKey) for problem in failed):
            raise WrongKey("no key at hand opens it", name)
        raise Missing("no pack gives it", name)

    @staticmethod
    def _open_at(pack, domain, id, kind, place):
        """The blob in this pack; None if the pack, of which no index spoke, has nothing of it."""
        if pack.domain != domain:
            if place:
                raise Refused("a pack of another domain")
            return None
        for blob in pack.find(id, kind):
            if place is None or (blob.offset, blob.length) == (place.offset, place.length):
                return pack.open(blob)
        if place:
            raise Damaged("the directory has not what the index says")

    # Trees and contents

    def entries(self, snapshot):
        return tree.TreeWalk(lambda id: self.blob(snapshot.domain, id, TREE_PAGE), snapshot.outline.root)

    def chunks(self, domain, content):
        if content.form == tree.LIST:
            return tree.ListWalk(lambda id: self.blob(domain, id, LIST_PAGE), content)
        return content.chunks

    def content(self, domain, entry):
        """The data stream of a file, piece by piece. The last check comes after the last piece."""
        content, length = entry.content, 0
        check = hmac.new(self.ring.domain(domain).id_key, bytes([CONTENT_HASH]), "sha256")
        for piece in self._pieces(domain, content):
            length += len(piece)
            check.update(piece)
            yield piece
        if length != content.length:
            raise Damaged(f"{length} bytes instead of {content.length}")
        if entry.content_hash not in (None, check.digest()[:16]):
            raise Damaged("its bytes do not have its content hash")

    def _pieces(self, domain, content):
        if content.form == tree.INLINE:
            yield content.inline
        elif content.form == tree.BUNDLE:
            bundle = self.blob(domain, content.id, DATA)
            if content.offset + content.length > len(bundle):
                raise Damaged("its range is not in its bundle")
            yield bundle[content.offset:content.offset + content.length]
        else:
            for chunk in self.chunks(domain, content):
                plain = self.blob(domain, chunk.id, DATA)
                if len(plain) != chunk.length:
                    raise Damaged(f"chunk {chunk.id.hex()} has another length than is said of it")
                yield plain
