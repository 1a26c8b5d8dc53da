"""The journal at a site: its sealed segments are opened, and the chains verified. docs/JOURNAL.md 2, 4.6 and 6.

Chains are verified by docs/tools/journal_verify.py, which was written from that document too and knows no seals.
"""
import os
import pathlib
import re
import struct
import sys
from typing import NamedTuple

from .crypto import ENCAPSULATION, LABEL, TAG, same, sha256
from .problems import Damaged, Foreign, Missing, NewerFormat, Problem, Usage, WrongKey, about
from .wire import Cursor

TOOLS = pathlib.Path(__file__).resolve().parent / ".." / ".." / ".." / "docs" / "tools"
sys.path.append(str(TOOLS))
try:
    import journal_verify as ledgers  # noqa: E402, its folder is known only now
except ModuleNotFoundError:
    raise Usage("journal needs docs/tools/journal_verify.py of the sources: put it beside hds_reader.py") from None

STEP = 16 << 10                              # plain bytes are a multiple of this
LARGEST_SEGMENT = (32 << 20) + (64 << 10)    # header and entries, and the closing with more room than it takes
SEALED_HEADER = 8 + 2 + 2 + 4 + ENCAPSULATION + 32 + 4
LARGEST_SEALED = SEALED_HEADER + LARGEST_SEGMENT + STEP + TAG
NODE_ROLES = {1: "write", 2: "maintain", 3: "verify"}


class Finding(Problem):
    """What the verification of a chain found; its words are those of docs/JOURNAL.md 6."""
    word, status = "journal", 4


def open_sealed_segment(data, tenant, chain, number, epochs):
    """The segment in a sealed one. `epochs`: the sealing keys at hand, by number."""
    fields = Cursor(data, "sealed segment")
    if fields.take(8) != b"HDSBJSEA":
        raise fields.damaged("its magic is wrong")
    if (fields.u16(), fields.u16()) != (1, 1):
        raise NewerFormat("a later version of sealed segment")
    epoch, encapsulation, commitment = fields.u32(), fields.take(ENCAPSULATION), fields.take(32)
    sealed = fields.take(fields.u32())
    fields.end()
    if epoch not in epochs:
        raise WrongKey(f"no key for epoch {epoch}")
    context = epochs[epoch].context(encapsulation, LABEL + b"journal sealed")
    if not same(context.export(b"commitment"), commitment):
        raise WrongKey("the commitment does not match")
    plain = Cursor(context.open_first(sealed, tenant + chain + struct.pack("<II", number, epoch)), "sealed segment")
    segment = plain.take(plain.u32())
    if plain.left >= STEP or len(plain.data) % STEP:
        raise plain.damaged("it is not padded to a multiple of 16,384 bytes")
    plain.zeros(plain.left)
    return segment


class Source:
    """The chains of a site for the verifier, sealed segments opened. What cannot be opened is reported and left out."""

    def __init__(self, repository):
        self.repository, self.report, self.site = repository, repository.report, repository.site
        self.objects = {}    # chain: {name: key}
        self.sealed = {}     # (chain, number): names of sealed segments
        self._last = None, None
        for key in self.site.keys("journal"):
            parts = re.fullmatch(r"journal/([0-9a-f]{32})/([^/]+)", key, re.ASCII)
            kind, number = ledgers.classify(parts[2]) if parts else ("unknown", None)
            if kind not in ("segment", "stub", "erasure"):
                self.report.note(f"{key} is not a name of this format")
                continue
            chain = bytes.fromhex(parts[1])
            self.objects.setdefault(chain, {})[parts[2]] = key
            if kind == "segment":
                self.sealed.setdefault((chain, number), []).append(parts[2])
        self.opened = {each: self._distinct(*each) for each in self.sealed}

    def _distinct(self, chain, number):
        """{name: SHA-256 of the segment} of those that open: a second of the same may be left of a crash."""
        found = {}
        for name in sorted(self.sealed[chain, number]):
            with self.report.passing(self.objects[chain][name]):
                digest = sha256(self.segment(chain, name))
                if digest not in found.values():
                    found[name] = digest
        return found

    def segment(self, chain, name):
        key = self.objects[chain][name]
        if self._last[0] != key:
            data = self.site.read(key, LARGEST_SEALED)
            with about(key):
                number = ledgers.classify(name)[1]
                self._last = key, open_sealed_segment(data, self.repository.tenant.id, chain, number, self.repository.ring.epochs)
        return self._last[1]

    # What the verifier asks for

    def chains(self):
        return sorted(self.objects)

    def names(self, chain):
        return sorted(name for name in self.objects[chain]
                      if ledgers.classify(name)[0] != "segment" or name in self.opened[chain, ledgers.classify(name)[1]])

    def read(self, chain, name):
        if ledgers.classify(name)[0] == "segment":
            return self.segment(chain, name)
        return self.site.read(self.objects[chain][name], LARGEST_SEALED)

    def is_sealed(self, _, __):
        return False


class Actor(NamedTuple):
    roles: str
    public: bytes


def signers(descriptors):
    """{key's id: Actor} and {key's id: (from, until)}, of every key that a descriptor of the chain ever admitted: the right begins with the earliest
    and ends as the last says that names it (docs/JOURNAL.md 6)."""
    actors, rights = {}, {}
    for descriptor in descriptors:
        for id, admitted in descriptor.actors.items():
            roles = "+".join(sorted({NODE_ROLES[actor.role] for actor in admitted}))
            begins = min([actor.begins - 86_400 for actor in admitted] + ([rights[id][0]] if id in rights else []))
            actors[id], rights[id] = Actor(roles, admitted[-1].public), (begins, admitted[-1].until)
    return actors, rights


def head(text):
    try:
        return ledgers.Head.parse(text)
    except ValueError:
        raise Usage(f"{text}: not <chain>:<count>:<hash>") from None


def load_keys(folder):
    try:
        return ledgers.load_keys(folder)
    except (OSError, ValueError) as error:
        raise Usage(str(error)) from None


class Journal:
    """The tenant's ledgers as a site holds them. `keys`: a folder of public keys that count besides those of the descriptors."""

    def __init__(self, repository, keys=None, heads=()):
        self.repository, self.report = repository, repository.report
        self.actors, rights = signers(repository.chain)
        known = {id: actor.public for id, actor in self.actors.items()}
        self.keys = ledgers.Keys(known | (load_keys(keys) if keys else {}), rights)
        self.source = Source(repository)
        self._shown = {}     # of each segment, by its header object: (header, lines, link of the last)
        self.ledger = ledgers.Ledger(self.source, self.keys, list(heads), True, self._show)
        self._judge()

    def _show(self, header, entry, link):
        _, lines, _ = self._shown.get(id(header), (header, [], None))
        lines.append(ledgers.entry_line(header, entry, link))
        self._shown[id(header)] = header, lines, link

    def _judge(self):
        for chain, found in self.ledger.all():
            text = f"{found['kind']} {ledgers.place_of(found)}".rstrip()
            if found["kind"] in ledgers.NOTES:
                self.report.note(f"journal/{chain.hex()}: {text}")
            elif found["kind"] == "not-erased":
                # A store's lock may keep a sealed segment beyond its time.
                self.report.note(f"journal/{chain.hex()}: {text}: its erasure is signed, and it is still here")
            else:
                kind = NewerFormat if found["kind"] == "newer-format" else Finding
                self.report.add(kind(text, f"journal/{chain.hex()}"))
        for id, chain in self.ledger.chains.items():
            if chain.origin and chain.origin.tenant != self.repository.tenant.id:
                self.report.add(Foreign("a chain of another tenant", f"journal/{id.hex()}"))
            for number in sorted(chain.closings):
                if not self.has_content(chain, number) and not chain.erasure_of(number) and (id, number) not in self.source.sealed:
                    self.report.add(Missing("its stub is here and it is not", f"journal/{id.hex()}/{number:010}"))
                if f"{number:010}.stub" not in self.source.objects[id]:
                    self.report.note(f"journal/{id.hex()}/{number:010} has no stub yet")

    @staticmethod
    def has_content(chain, number):
        return any(has_content for closing, has_content in chain.slots.get(number, {}).values()
                   if closing is chain.closings[number])

    def is_believed(self, chain):
        """Whether it is this tenant's, and by a key that is known."""
        return bool(chain.origin) and chain.origin.tenant == self.repository.tenant.id and chain.origin.writer in self.keys

    def is_shown(self, chain, number):
        """What was erased is not brought back, even where a lock still keeps it; its stub is enough."""
        return not chain.erasure_of(number) or f"{number:010}.stub" not in self.source.objects[chain.id]

    def rows(self):
        """A line for each chain, and one for each of its segments."""
        for id, chain in self.ledger.chains.items():
            if not chain.origin:
                yield f"chain {id.hex()}: nothing of it can be read"
                continue
            actor = self.actors.get(chain.origin.writer)
            who = actor.roles if actor else "another key" if chain.origin.writer in self.keys else "unknown"
            yield (f"chain {id.hex()} {ledgers.LEDGERS[chain.origin.ledger]} by {chain.origin.writer.hex()[:16]} ({who}), "
                   f"head {chain.closed or 'none'}")
            for number, closing in sorted(chain.closings.items()):
                state = "opened" if self.has_content(chain, number) else "erased" if chain.erasure_of(number) else "closing only"
                yield (f"  {number:010} {state} entries {closing.first} to {closing.end - 1} "
                       f"{ledgers.moment(closing.earliest)} {ledgers.moment(closing.latest)}")
            for erasure in chain.erased:
                yield (f"  segments {erasure.first} to {erasure.end - 1} erased {ledgers.moment(erasure.created)}: "
                       f"{ledgers.REASONS[erasure.reason]} {erasure.reference}".rstrip())

    def entries(self):
        """Lines of JSON, chain after chain: entries of segments whose signed closing is right, by keys that are known."""
        of_segments = {}
        for header, lines, link in self._shown.values():
            of_segments[header.origin.id, header.number, link] = lines
        for id, chain in self.ledger.chains.items():
            if self.is_believed(chain):
                for number, closing in sorted(chain.closings.items()):
                    if self.is_shown(chain, number):
                        yield from of_segments.get((id, number, closing.hash), ())

    def export(self, target):
        """Writes what was read as docs/JOURNAL.md 8 lays out an export, for journal_verify.py and journal-verify.sh: segments as they were before they
        were sealed, in clear. Returns how many."""
        os.makedirs(target, mode=0o700, exist_ok=True)
        if os.listdir(target):
            raise Usage(f"{target} is not empty")
        segments = 0
        for id, chain in self.ledger.chains.items():
            if not self.is_believed(chain):
                continue
            folder = os.path.join(target, ledgers.LEDGERS[chain.origin.ledger], id.hex())
            os.makedirs(folder, mode=0o700)
            for name in self.source.names(id):
                kind, number = ledgers.classify(name)
                if kind == "segment" and not self.is_shown(chain, number):
                    continue
                if kind == "stub" and number in chain.closings and self.has_content(chain, number) and self.is_shown(chain, number):
                    continue     # the segment holds its closing itself
                segments += kind == "segment"
                self._write(os.path.join(folder, name), self.source.read(id, name))
        os.makedirs(os.path.join(target, "keys"), mode=0o700)
        for id, public in self.keys.items():
            self._write(os.path.join(target, "keys", id.hex() + ".pub"), public)
        return segments

    @staticmethod
    def _write(path, data):
        with open(path, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(data)
