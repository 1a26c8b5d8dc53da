"""Looks at every object of a tenant at a site, and at everything that its snapshots need."""
from . import names, tree
from .crypto import sha256
from .extract import printable
from .keys import HOLD as SEALED_HOLD, LIST_PAGE, SHEET as SEALED_SHEET, TREE_PAGE
from .packs import PACK_LIMIT, STEP, Pack
from .problems import Damaged, Missing, Refused
from .statements import (ABANDON, ATTESTED, BACKUP, COMMIT, HOLD, MAINTAIN, MANIFEST, MIGRATION, RELEASED, SESSION, SHEET,
                         VERIFY, WRITE, ACTS, Attested, Hold, HoldBody, Migration, SessionBody, Sheet, SheetBody, Statement, largest)
from .trust import check_list, departure, read_statement


class Verification:
    """Descriptors, marker, key wraps and records of collection were read when the repository was opened."""

    def __init__(self, repository):
        self.repository, self.report, self.ring = repository, repository.report, repository.ring
        self.site, self.tenant, self.rules = repository.site, repository.tenant, repository.rules
        self.descriptor, self.marker = repository.descriptor, repository.marker
        self.keys = set(self.site.keys())
        self.sessions = {}       # session: who signed it
        self.slots = {}          # commit key: slot
        self.directories = {}    # key of a whole pack: {offset: blob}
        self.segments = {}       # key: the packs that it lists
        self.contents = set()    # of files that were read
        self.migrations = []     # valid records

    def run(self):
        """Returns how many objects and snapshots there are."""
        for folder, check in (("sessions", self.session), ("commits", self.slot), ("snapshots", self.manifest),
                              ("packs", self.pack), ("index", self.segment), ("attested", self.attested),
                              ("sheets", self.sheet), ("holds", self.hold), ("lists", self.list),
                              ("migrations", self.migration)):
            for key in sorted(self.keys):
                if key.startswith(folder + "/"):
                    with self.report.passing(key):
                        check(key)
        self.note_departure()
        snapshots = self.repository.snapshots()
        self.note_unfinished()
        self.check_sessions()
        self.check_chain(snapshots)
        for snapshot in snapshots:
            with self.report.passing(f"snapshot {snapshot.id.hex()}"):
                self.walk(snapshot)
        return len(self.keys), len(snapshots)

    # Single objects

    def session(self, key):
        name = names.Session.named(key.partition("/")[2])
        if not name:
            return
        statement = read_statement(self.site, key, SESSION, self.tenant)
        body = SessionBody.parse(statement)
        if body.session != name or body.site != self.marker.site:
            raise Refused("a session of another name or site")
        roles = [(WRITE, body.domain)] if body.purpose == BACKUP else [(MAINTAIN, None)]
        self.descriptor.check_signer(statement, roles, body.created.seconds)
        self.sessions[name] = statement.signer

    def slot(self, key):
        name = names.CommitKey.named(key)
        if name:
            statement, slot = self.repository.read_slot(key, name)
            if slot.outcome == ABANDON and self.sessions.get(name.session, statement.signer) != statement.signer:
                raise Refused("abandoned by another than began the session")
            self.slots[name] = slot

    def attested(self, key):
        if names.number(key, "attested") is None:
            return
        statement = read_statement(self.site, key, ATTESTED, self.tenant)
        body = Attested.parse(statement)
        if body.number != names.number(key, "attested"):
            raise Refused("a record of another number")
        self.descriptor.check_signer(statement, [(VERIFY, None)], body.created.seconds)

    def sheet(self, key):
        statement = read_statement(self.site, key, SHEET, self.tenant)
        body = SheetBody.parse(statement)
        if names.sheet_key(body.created.seconds, body.random) != key:
            raise Refused("a sheet of another name")
        self.descriptor.check_signer(statement, [(VERIFY, None)], body.created.seconds)
        id = body.random + bytes(16)
        Sheet.parse(self.ring.open(body.block, body.domain, SEALED_SHEET, id, 0, body.sealed))

    def hold(self, key):
        """A legal hold, or its end. What it says is retention's business; that it can be read is looked at."""
        statement = read_statement(self.site, key, HOLD, self.tenant)
        body = HoldBody.parse(statement)
        if names.hold_key(body.id, body.act == RELEASED) != key:
            raise Refused("a hold of another name")
        self.descriptor.check_signer(statement, [(MAINTAIN, None)], body.created.seconds)
        Hold.parse(self.ring.open(body.block, body.domain, SEALED_HOLD, body.seal_id, 0, body.sealed))

    def migration(self, key):
        """That a site is left, or is not after all; of which site is looked at when all are read."""
        statement = read_statement(self.site, key, MIGRATION, self.tenant)
        body = Migration.parse(statement)
        if names.migration_key(body.id, body.number) != key:
            raise Refused("a record of another migration or number")
        self.descriptor.check_signer(statement, [(MAINTAIN, None)], body.created.seconds)
        self.migrations.append(body)

    def list(self, key):
        if names.is_list(key):
            check_list(self.site, key)

    def manifest(self, key):
        """Only that it is whole; its signer is looked at for the commit that names it."""
        if not names.is_manifest(key):
            return
        data = self.site.read(key, largest(MANIFEST))
        if not key.endswith("." + sha256(data).hex()[:32]):
            raise Damaged("its SHA-256 is not its name")
        Statement.parse(data, MANIFEST, self.tenant)

    def pack(self, key):
        name = names.PackKey.named(key)
        if not name:
            return
        data = self.site.read(key, PACK_LIMIT)
        if sha256(data) != name.digest:
            raise Damaged("its SHA-256 is not its name")
        pack = Pack(lambda offset, length: data[offset:offset + length], len(data), self.ring)
        self.directories[key] = {blob.offset: blob for blob in pack.blobs}
        end, ordinals = pack.header_length, set()
        for blob in sorted(pack.blobs, key=lambda blob: blob.offset):
            with self.report.passing(f"{key} at {blob.offset}"):
                if blob.offset != end or (blob.block, blob.ordinal) in ordinals:
                    raise Damaged("a gap before it, or its ordinal is used twice")
                ordinals.add((blob.block, blob.ordinal))
                self.blob(pack, blob)
            end = blob.offset + blob.length
        if len(data[end:pack.directory_start]) >= STEP or any(data[end:pack.directory_start]):
            raise Damaged("what pads it is not zeros, or too much")

    def blob(self, pack, blob):
        plain = pack.open(blob)
        if blob.kind == TREE_PAGE and tuple(tree.parse_tree_page(plain).references) != blob.references:
            raise Damaged("the directory's references are not those of the page")
        if blob.kind == LIST_PAGE:
            tree.parse_list_page(plain)

    def segment(self, key):
        name = names.SegmentKey.named(key)
        if not name:
            self.report.note(f"{key} is not a name of this format")
            return
        if not self.rules.segment_counts(name):
            return
        _, table = self.repository.read_segment(key, name)
        self.segments[name] = [str(pack) for pack, _ in table.packs]
        for pack in self.segments[name]:
            if pack not in self.keys:
                self.report.add(Missing(f"{key} lists it", pack))
        for id, place in table.places():
            directory = self.directories.get(str(place.pack))
            blob = directory and directory.get(place.offset)
            if directory is not None and (not blob or (blob.id, blob.length) != (id, place.length)):
                raise Damaged(f"{place.pack} has not what it lists at {place.offset}")

    # What belongs together

    def note_departure(self):
        record = departure(self.migrations, self.marker.site)
        if record:
            self.report.note(f"this site is left for {printable(record.to_name.encode())} ({record.to.hex()}), by "
                             f"{names.migration_key(record.id, record.number)}: {ACTS[record.act]}. What lacks here is no loss")

    def note_unfinished(self):
        """A run that goes on, or that died; or a slot that was taken away, which nothing here tells from it."""
        named = {names.manifest_key(name.snapshot, slot.manifest) for name, slot in self.slots.items()}
        # What was forgotten goes when a quarantine has passed.
        named |= {names.manifest_key(snapshot, digest) for snapshot, digests in self.rules.forgotten.items() for digest in digests}
        for key in sorted(self.keys):
            if names.is_manifest(key) and key not in named:
                self.report.note(f"{key} is named by no commit")

    def check_sessions(self):
        """Of a session that committed, everything is there."""
        decision = self.rules.decision
        listed = {pack for packs in self.segments.values() for pack in packs}
        committed = {name.session for name, slot in self.slots.items()
                     if slot.outcome == COMMIT and self.rules.commit_counts(name)
                     and (not decision or name.session.generation >= decision.generation)}
        for session in sorted(committed):
            if f"sessions/{session}" not in self.keys:
                self.report.add(Missing("it has a commit", f"sessions/{session}"))
            numbers = {name.number for name in self.segments if name.session == session and not name.merged}
            for number in set(range(max(numbers, default=-1))) - numbers:
                name = str(names.SegmentKey(session, number, False))
                if name not in self.keys:
                    self.report.add(Missing("a later one is there", name))
        for key in self.directories.keys() - listed:
            if names.PackKey.named(key).session in committed:
                self.report.add(Missing(f"none lists {key}, whose session has a commit", "index/"))

    def check_chain(self, snapshots):
        """Each manifest that another one of the node, or of a node that it saw, names is there or was forgotten."""
        known = set().union(*self.rules.forgotten.values()) | {slot.manifest for slot in self.slots.values()}
        for snapshot in snapshots:
            outline = snapshot.outline
            before = [head.manifest for head in outline.heads]
            if outline.previous != bytes(32):
                before.append(outline.previous)
            for digest in before:
                if digest not in known:
                    self.report.add(Missing("no commit and no forget record names it",
                                            f"the manifest with SHA-256 {digest.hex()}, before {snapshot.id.hex()}"))
            if (outline.counter == 1) != (outline.previous == bytes(32)):
                raise Refused("its counter and what it names before itself do not agree", snapshot.id.hex())

    def walk(self, snapshot):
        """Every entry, every content, and the sums of the outline."""
        files = folders = others = size = 0
        for entry in self.repository.entries(snapshot):
            if entry.kind == tree.FILE:
                files, size = files + 1, size + entry.size
                content = snapshot.domain, entry.content, entry.content_hash
                if content not in self.contents:
                    self.contents.add(content)
                    with self.report.passing(f"snapshot {snapshot.id.hex()}: {entry.path!r}"):
                        for _ in self.repository.content(snapshot.domain, entry):
                            pass
            elif entry.kind == tree.FOLDER:
                folders += 1
            else:
                others += 1
        outline = snapshot.outline
        if (files, folders, others, size) != (outline.files, outline.folders, outline.others, outline.size):
            raise Damaged("the outline's numbers are not those of the tree")
