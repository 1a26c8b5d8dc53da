"""Whose word counts at a site, and what of it: docs/FORMAT.md 8 and 18."""
from . import names
from .crypto import sha256, signing_id
from .problems import Damaged, Missing, NewerFormat, Problem, Refused, about
from .statements import (CONDEMNED, DECIDED, DESCRIPTOR, FORGET, MAINTAIN, MARKER, Condemned, Decided, Descriptor,
                         DELETED, Forget, Marker, Statement, WITHDRAWN, largest)
from .wire import Cursor

LISTS_LIMIT = 64 << 20


def read_statement(site, key, type, tenant):
    return Statement.parse(site.read(key, largest(type)), type, tenant)


def read_descriptor(site, key, tenant):
    """A descriptor that the authority signed, with the digest of its object."""
    statement = read_statement(site, key, DESCRIPTOR, tenant)
    descriptor = Descriptor.parse(statement)
    if signing_id(descriptor.authority) != tenant.fingerprint:
        raise Refused("a descriptor of another authority")
    statement.check(descriptor.authority)
    return statement.digest, descriptor


def read_chain(site, tenant, report):
    """The longest chain of descriptors, as a list."""
    found, failed = {}, []
    for key in site.keys("descriptor"):
        try:
            with about(key):
                digest, descriptor = read_descriptor(site, key, tenant)
                found[digest] = descriptor
        except Problem as problem:
            report.add(problem)
            failed.append(problem)
    followers = {}
    for digest, descriptor in found.items():
        followers.setdefault(descriptor.previous, []).append(digest)
    chain, digests = [], longest_chain(followers)
    for number, digest in enumerate(digests):
        if found[digest].number != number:
            raise Refused(f"the descriptors' numbers have a gap before {found[digest].number}")
        chain.append(found[digest])
    if not chain:
        failed.sort(key=lambda problem: not isinstance(problem, NewerFormat))
        raise failed[0] if failed else Missing("no chain of descriptors begins here", "descriptor/")
    if chain[-1].features[0]:
        raise NewerFormat("the descriptor asks for features that this reader has not")
    return chain


def longest_chain(followers):
    """Follows digests from 32 zero bytes on; of several of one length, the one with the least at its end. Hashes cannot run in circles."""
    best, paths = [], [[digest] for digest in followers.get(bytes(32), ())]
    while paths:
        path = paths.pop()
        best = min(best, path, key=lambda chain: (-len(chain), chain[-1:]))
        paths += [path + [digest] for digest in followers.get(path[-1], ())]
    return best


def read_marker(site, tenant, descriptor):
    statement = read_statement(site, "site", MARKER, tenant)
    marker = Marker.parse(statement)
    if marker.site not in descriptor.sites:
        raise Refused("not a site of the descriptor", "site")
    statement.check(descriptor.authority)
    return marker


def departure(records, site):
    """The record by which a site is left, of the valid `records` of migrations at it; None where it is not (docs/MIGRATION.md 5)."""
    last = {}
    for record in sorted(records, key=lambda record: record.number):
        if record.left == site:
            last[record.id] = record
    return max((record for record in last.values() if record.act not in (WITHDRAWN, DELETED)),
               key=lambda record: (record.created, record.id), default=None)


class Rules:
    """What counts at a site: its valid records of collection and of retention."""

    def __init__(self, site, tenant, descriptor, marker, report):
        self.site, self.tenant, self.descriptor, self.marker = site, tenant, descriptor, marker
        self.condemned = self._records("condemned", CONDEMNED, Condemned, report)
        self.decided = self._records("decided", DECIDED, Decided, report)
        naming = [record for record in self.decided.values() if record.names]
        self.decision = max(naming, key=lambda record: record.generation, default=None)
        self.forgotten = self._forgotten(report)

    def _records(self, folder, type, form, report):
        found = {}
        for key in self.site.keys(folder):
            if names.number(key, folder) is None:
                continue
            with report.passing(key):
                statement = read_statement(self.site, key, type, self.tenant)
                record = form.parse(statement)
                if record.generation != names.number(key, folder) or not record.generation \
                        or record.site != self.marker.site:
                    raise Refused("a record of another number or site")
                self.descriptor.check_signer(statement, [(MAINTAIN, None)], record.created.seconds)
                found[record.generation] = record
        return found

    def _forgotten(self, report):
        """{snapshot's id: digests of its manifests} that the chain of forget records drops: pairs, since nodes choose ids."""
        last, found = bytes(32), {}
        for key in self.site.keys("forget"):
            if names.number(key, "forget") is None:
                continue
            with report.passing(key):
                statement = read_statement(self.site, key, FORGET, self.tenant)
                record = Forget.parse(statement)
                if record.number != names.number(key, "forget"):
                    raise Refused("a record of another number")
                self.descriptor.check_signer(statement, [(MAINTAIN, None)], record.created.seconds)
                if record.previous != last:
                    raise Refused("it breaks the chain of forget records")
                last = statement.digest
                for snapshot, manifest, _ in record.snapshots:
                    found.setdefault(snapshot, set()).add(manifest)
        return found

    def is_forgotten(self, snapshot, manifest):
        return manifest in self.forgotten.get(snapshot, ())

    def commit_counts(self, key):
        return not self.decision or key.session.generation >= self.decision.generation \
            or key in self.decision.commits

    def segment_counts(self, key):
        if not self.decision:
            return not key.merged
        return key in self.decision.segments \
            or not key.merged and key.session.generation >= self.decision.generation


def check_list(site, key):
    """A list of packs, which nobody signs: its name is its hash."""
    data = site.read(key, LISTS_LIMIT)
    if key != f"lists/{sha256(data).hex()}":
        raise Damaged("its hash is not its name")
    fields = Cursor(data, "list of packs")
    fields.list_of(1_048_576, lambda: names.PackKey.parse(fields))
    fields.end()
