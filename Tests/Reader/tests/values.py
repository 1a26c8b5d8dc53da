"""The test values of docs/FORMAT.md: 14 and 23."""
import struct
import unittest

from hdsreader import codecs, keys
from hdsreader.crypto import SealingKey, extract, hkdf, public_keys, sha256, signing_id
from hdsreader.wire import Cursor


def span(first, last):
    return bytes(range(first, last + 1))


FINGERPRINT = bytes.fromhex("0dfe7abec5200a13a2652f7ed69876fbdcadb3d1ec81955014ae9a247177d976")
CODE = "C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939"
SALT = span(0xA0, 0xBF)
SEALED = ("07b1ce32afb879c7e33f9d9f35edfe08eb7901e154e8f094906a753e5d061378"
          "98f2a71ba99e409df79c855571fb0a6eded71a5670237233ef0a80f76d38cad6"
          "7bb67f7a")


class TestValues(unittest.TestCase):
    domain = keys.Domain(span(0x00, 0x0F), span(0x20, 0x3F))
    tenant = keys.Tenant(FINGERPRINT)
    data_id = bytes.fromhex("fc97939f800a423c1fc7b31c061b8435017422eceb5292ecb6d8b6a7fc7d42ab")

    def same(self, found, value):
        self.assertEqual(found.hex(), value)

    def test_domain_keys(self):
        self.same(self.domain.id_key, "c32b6c78acd5092eb8ec6e9898c74e842d1e7a478eebe9ac2e84bf21729a3810")
        self.same(self.domain.cut, "2d659db8ed0b380d19a508657f66aa82aeb72c000856c1801e96b1ef4dcedafe")
        self.same(self.domain.catalogue, "b48b0b8045acde36c6d6104bd73d6945c2743591b6b27fdbeaedba217125d7ff")
        self.same(self.domain.seal, "3afd33548b17b51275d963bde71ba266aeedbea0a20d0b1f72977139a30bb2f8")
        self.same(hkdf(span(0x20, 0x3F), self.domain.id, b"domain local"),
                  "0da29c5ac99888fab9163852932065c989cf921c6c1aceb05758b5148becd40a")
        self.same(self.domain.commitment, "889536ffe661fc7c451e972621cb802ab80caf5a4d3c9d5a691dd4670f72bef8")

    def test_cut_tables(self):
        tables = hkdf(self.domain.cut, b"", b"cut tables", length=2080)
        self.same(tables[:16], "c67de6eb03465a0bb141ba79d9322975")
        self.same(tables[2048:2064], "34516ba612b730e2bc331f3c966b0ceb")
        self.same(tables[2064:], "0d89d07972200e6e0e62d9a679833d02")

    def test_ids(self):
        self.assertEqual(self.domain.content_id(keys.DATA, b"hello\n"), self.data_id)
        self.same(self.domain.content_id(keys.CONTENT_HASH, b"hello\n")[:16], "915aa2b3e425702cbf9f983b7bffc10e")
        self.same(self.domain.source_id("dpi"), "5b58aee139fbb59a5c7812b31300480e")

    def test_signing_key(self):
        public = public_keys(span(0x40, 0x5F))
        self.same(public[:32], "26d5fb07a05d8d35760963a262c29143a1bed414461d121cc10e701b9da5633b")
        self.same(sha256(public[32:]), "75d859ae514eeccee2280fa9f247c24bcad888e821f32cee832f6a3806c8245c")
        self.assertEqual(signing_id(public), FINGERPRINT)
        self.same(self.tenant.id, "0dfe7abec5200a13a2652f7ed69876fb")
        self.assertEqual(self.tenant.prefix, "19be6781ccb70f5f7dd3177ede4ff922")

    def test_recovery_code(self):
        code = keys.parse_code(CODE)
        self.assertEqual(code, span(0x60, 0x73))
        self.assertEqual(keys.parse_code(" " + CODE.lower().replace("1", "l").replace("-", " ")), code)
        seed = hkdf(code, self.tenant.id, b"recovery code")
        self.same(seed, "1e09e5546a14c416a0dd9f943cc2231e062e9abad47cefd52ea64a7263698019")
        key = SealingKey(seed)
        self.same(sha256(key.public), "1e6d1b7ec70430aac9bf496675a29eba59dcf81f19bd99a6e4a7d3696b8e40ec")
        self.same(key.recipient, "207ec84ae045754e8823c7d370ba2596")
        for wrong in (CODE[:-1], CODE[:-1] + "8", CODE.replace("C", "U"), ""):
            self.assertRaises(keys.Usage, keys.parse_code, wrong)

    def test_key_blocks(self):
        secret = extract(self.domain.seal, span(0x80, 0x9F))
        self.same(secret, "b225d4be312d587b90a60a939491947cc7d398c1aa37155df388adc14328b932")
        context = keys.block_context(self.tenant.id, self.domain.id, 1)
        self.same(hkdf(secret, SALT, b"pack key", context, 64),
                  "26a0b8db9f700bf40606ae3a74e4ae27ea34c3b7b81dbbb6851f15dd2d5dc826"
                  "99f4f67a33bbdf105b39c3791c9eb605e7928ae3890e36b96ba7b49e25b79237")
        context = keys.block_context(self.tenant.id, self.domain.id, 0)
        self.same(hkdf(self.domain.catalogue, SALT, b"catalogue block", context, 64),
                  "6481ab1f5e74d40d0586aa24a2419bfddb64e776723943362e9b2c11263573bf"
                  "3525fb3c03cb42636f761981a9f51c01e994fe2e4cabfc8d7a0f4845fad7e78f")

    def test_sealed_list_page(self):
        commitment = bytes.fromhex("3525fb3c03cb42636f761981a9f51c01e994fe2e4cabfc8d7a0f4845fad7e78f")
        block = keys.KeyBlock(Cursor(struct.pack("<BBHI", 2, 0, 72, 0) + SALT + commitment, "key block"))
        self.same(block.digest, "af6c7d20cf56cca72947216878e13c201b065d22a652ea162824f17b7a336d5c")
        page = bytes.fromhex("0100000001000000") + self.data_id + bytes.fromhex("06000000")
        id = self.domain.content_id(keys.LIST_PAGE, page)
        self.same(id, "03d77e35191916d936002ecb47ebb18164fee6078a18f1333087fbdc9925b551")
        ring = keys.Ring(self.tenant)
        ring.domains[self.domain.id] = self.domain
        frame = ring.open(block, self.domain.id, keys.LIST_PAGE, id, 7, bytes.fromhex(SEALED))
        self.assertEqual(codecs.unframe(frame, codecs.PAGE_LIMIT), page)

    def test_frames(self):
        for frame, plain in (("0000000003000000616263", "616263"),
                             ("020000000300000030616263", "616263"),
                             ("010200000700000028b52ffd20073900007f0201040000" "02", "7f010000000201"),
                             ("010100000700000028b52ffd20073900000201040000027f", "0100000002017f")):
            self.same(codecs.unframe(bytes.fromhex(frame), 7), plain)

    def test_kit(self):
        kit = keys.Kit(f"A title\n=====\n\n tenant\t= chu \nfingerprint = {FINGERPRINT.hex().upper()}\ncode={CODE}\n"
                       "site = a file:/b = c\nsite = d file:/e\ncode = the second does not count\n")
        self.assertEqual((kit.tenant.fingerprint, kit.sites), (FINGERPRINT, ["a file:/b = c", "d file:/e"]))
        self.same(kit.key.recipient, "207ec84ae045754e8823c7d370ba2596")
        self.assertRaises(keys.Usage, keys.Kit, f"fingerprint = {FINGERPRINT.hex()}\ncode = {CODE}\n")
