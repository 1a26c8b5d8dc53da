"""Recovery kit, key bundles and wraps, and the keys that open sealed bytes: docs/FORMAT.md 4 to 6, 10, 16.2."""
import re
import struct
from typing import NamedTuple

from .crypto import ENCAPSULATION, LABEL, SealingKey, extract, hkdf, hmac256, open_sealed, same, sha256
from .problems import Damaged, Foreign, NewerFormat, Refused, Usage, WrongKey
from .wire import Cursor

DATA, TREE_PAGE, LIST_PAGE, CONTENT_HASH, SOURCE = 1, 2, 3, 16, 17          # kinds of ids (4.4)
DIRECTORY, OUTLINE, LABELS, TABLE, SHEET, HOLD = 16, 17, 18, 19, 21, 22     # kinds of sealed bytes (10.3)
RUN, CATALOGUE = 1, 2                                                       # kinds of key blocks (10.2)
RUN_BLOCK, CATALOGUE_BLOCK = 1192, 72
LAST_ORDINAL = 0xFFFF_FFFF
WRAP_LIMIT = 16 << 20
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Tenant:
    """What follows from the fingerprint."""

    def __init__(self, fingerprint):
        self.fingerprint = fingerprint
        self.id = fingerprint[:16]
        self.prefix = sha256(LABEL + b"prefix" + fingerprint)[:16].hex()


def parse_code(text):
    """The 20 bytes of a recovery code as somebody typed it."""
    typed = re.sub(r"[\s-]", "", text.upper()).translate(str.maketrans("OIL", "011"))
    if len(typed) != 36 or any(letter not in ALPHABET for letter in typed):
        raise Usage("not a recovery code: it has 36 letters and digits")
    value = 0
    for letter in typed:
        value = value << 5 | ALPHABET.index(letter)
    code = (value >> 20).to_bytes(20, "big")
    if value & 0xFFFFF != int.from_bytes(sha256(LABEL + b"recovery code" + code)[:3], "big") >> 4:
        raise Usage("not a recovery code: its last four characters do not match the others")
    return code


class Kit:
    """The lines `name = value` of a recovery kit."""

    def __init__(self, text):
        values, self.sites = {}, []
        for line in text.splitlines():
            name, sign, value = line.partition("=")
            if sign:
                name, value = "".join(name.split()), value.strip()
                values.setdefault(name, value)
                if name == "site":
                    self.sites.append(value)
        fingerprint = "".join(values.get("fingerprint", "").split()).lower()
        if "tenant" not in values or not re.fullmatch("[0-9a-f]{64}", fingerprint):
            raise Usage("not a recovery kit: it needs a tenant, and a fingerprint of 64 hexadecimal digits")
        self.tenant = Tenant(bytes.fromhex(fingerprint))
        self.key = SealingKey(hkdf(parse_code(values.get("code", "")), self.tenant.id, b"recovery code"))


class Bundle(NamedTuple):
    tenant_name: str
    epochs: list    # (number, seed)
    domains: list   # (id, secret, name)
    authority: bytes


def parse_bundle(data):
    fields = Cursor(data, "key bundle")
    if fields.u8() != 1:
        raise NewerFormat("a later version of key bundle")
    bundle = Bundle(fields.text(256), fields.list_of(1024, lambda: (fields.u32(), fields.take(32))),
                    fields.list_of(65_536, lambda: (fields.id(), fields.take(32), fields.text(256))),
                    fields.counted(32))
    if len(bundle.authority) not in (0, 32):
        raise fields.damaged("the authority's seed is neither absent nor of 32 bytes")
    fields.end()
    return bundle


def open_wrap(data, tenant, key):
    """The bundle in a key wrap, with the checks in the document's order."""
    if not 1204 + 16 + 32 <= len(data) <= WRAP_LIMIT or sha256(data[:-32]) != data[-32:]:
        raise Damaged("its size or its last digest is wrong")
    fields = Cursor(data[:-32], "key wrap")
    if fields.take(8) != b"HDSBWRAP":
        raise Damaged("not a key wrap")
    if (fields.u16(), fields.u16()) != (1, 1):
        raise NewerFormat("a later version of key wrap")
    wrap_tenant, _, recipient = fields.id(), fields.u32(), fields.id()
    encapsulation, commitment = fields.take(ENCAPSULATION), fields.take(32)
    sealed = fields.take(fields.u32())
    fields.end()
    if wrap_tenant != tenant.id:
        raise Foreign("a key wrap of another tenant")
    if recipient != key.recipient:
        raise WrongKey("wrapped for another recipient")
    context = key.context(encapsulation, LABEL + b"key wrap")
    if not same(context.export(b"commitment"), commitment):
        raise WrongKey("the commitment does not match")
    return parse_bundle(context.open_first(sealed, data[:48]))


class Domain:
    """The keys that follow from a domain's secret."""

    def __init__(self, id, secret, name=""):
        self.id, self.name = id, name
        self.id_key, self.cut, self.catalogue, self.seal, self.commitment = (
            hkdf(secret, id, b"domain " + label) for label in (b"id", b"cut", b"catalogue", b"seal", b"commitment"))

    def content_id(self, kind, plain):
        return hmac256(self.id_key, bytes([kind]) + plain)

    def source_id(self, name):
        return self.content_id(SOURCE, name.encode())[:16]


class KeyBlock:
    """10.2: how to come by the key of sealed bytes."""

    def __init__(self, fields):
        start = fields.at
        self.kind = fields.u8()
        if self.kind not in (RUN, CATALOGUE):
            raise NewerFormat("a later kind of key block")
        fields.zeros(1)
        length, self.epoch = fields.u16(), fields.u32()
        if length != (RUN_BLOCK if self.kind == RUN else CATALOGUE_BLOCK) or self.kind == CATALOGUE and self.epoch:
            raise fields.damaged("a key block's length or epoch is wrong")
        self.encapsulation = fields.take(ENCAPSULATION if self.kind == RUN else 0)
        self.salt, self.commitment = fields.take(32), fields.take(32)
        self.digest = sha256(fields.data[start:fields.at])


def block_context(tenant, domain, epoch):
    return struct.pack("<H16s16sI", 1, tenant, domain, epoch)


class Ring:
    """The keys taken from bundles, each confirmed by the tenant's chain."""

    def __init__(self, tenant):
        self.tenant, self.epochs, self.domains, self._runs, self._keys = tenant, {}, {}, {}, {}

    def merge(self, bundle, descriptor):
        """Takes the keys of a bundle, if the descriptor confirms all of them. Of two for one name the first stays."""
        epochs = {number: SealingKey(seed) for number, seed in bundle.epochs}
        domains = {id: Domain(id, secret, name) for id, secret, name in bundle.domains}
        if any(descriptor.epochs.get(number) != key.public for number, key in epochs.items()) \
                or any(id not in descriptor.domains or descriptor.domains[id].commitment != domain.commitment
                       for id, domain in domains.items()):
            raise Refused("the descriptor does not confirm its keys")
        self.epochs = epochs | self.epochs
        self.domains = domains | self.domains

    def domain(self, id):
        if id not in self.domains:
            raise WrongKey(f"no key for domain {id.hex()}")
        return self.domains[id]

    def block_key(self, block, domain_id):
        """The AES key of a key block. A commitment that does not match means another key, not damage."""
        found = self._keys.get((block.digest, domain_id))
        if found is None:
            found = self._keys[block.digest, domain_id] = self._derive(block, self.domain(domain_id))
        return found

    def _derive(self, block, domain):
        context = block_context(self.tenant.id, domain.id, block.epoch)
        if block.kind == CATALOGUE:
            derived = hkdf(domain.catalogue, block.salt, b"catalogue block", context, 64)
        else:
            secret = self._run_secret(block, domain)
            derived = hkdf(secret, block.salt, b"pack key", context, 64)
        if not same(derived[32:], block.commitment):
            raise WrongKey("a key block's commitment does not match")
        return derived[:32]

    def _run_secret(self, block, domain):
        name = block.encapsulation, block.epoch, domain.id
        if name not in self._runs:
            if block.epoch not in self.epochs:
                raise WrongKey(f"no key for epoch {block.epoch}")
            info = LABEL + b"run" + self.tenant.id + domain.id + struct.pack("<I", block.epoch)
            context = self.epochs[block.epoch].context(block.encapsulation, info)
            self._runs[name] = extract(domain.seal, context.export(b"run"))
        return self._runs[name]

    def open(self, block, domain_id, kind, id, ordinal, sealed):
        """Opens what was sealed under a key block (10.3)."""
        key = self.block_key(block, domain_id)
        nonce = struct.pack("<I", ordinal) + id[:8]
        associated = (b"hdsbackup/1 blob" + self.tenant.id + domain_id + bytes([kind]) + id + block.digest
                      + struct.pack("<I", ordinal))
        return open_sealed(key, nonce, sealed, associated)
