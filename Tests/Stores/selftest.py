#!/usr/bin/env python3
"""Tests the stores and the fault proxy themselves: real stores, killed, paused, and asked through every fault."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time
import traceback
import urllib.request

sys.dont_write_bytecode = True
import fault_proxy  # noqa: E402
import s3client  # noqa: E402
import store  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
KINDS = {"paris": "seaweedfs", "lille": "seaweedfs", "brest": "ceph", "lyon": "juicefs", "metz": "swift", "nice": "seaweedfs"}
TLS = ("nice",)
BODY = bytes(range(256)) * 4096  # 1 MiB
HALF = len(BODY) // 2
tests = []


def test(function):
    tests.append(function)
    return function


def expect(truth, sentence):
    if not truth:
        raise AssertionError(sentence)


def expect_equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: found {found!r}, wanted {wanted!r}")


def refused(status, function, *words, **more):
    """Expects a refusal with that status; its code."""
    try:
        function(*words, **more)
    except s3client.Refused as refusal:
        expect_equal(refusal.status, status, f"status of {refusal}")
        return refusal.code
    raise AssertionError(f"it was allowed: {function.__name__} {words}")


def broken(kinds, function, *words, **more):
    """Expects that the connection breaks so."""
    try:
        function(*words, **more)
    except kinds as error:
        return error
    raise AssertionError(f"nothing broke: {function.__name__} {words}")


# Stores

@test
def stores_start_at_once_and_keep_what_they_are_given(stores, sites):
    def use(name):
        client = sites[name].client()
        client.create_bucket("plain")
        client.put("plain", "a/one", BODY)
        client.put("plain", "a/two é+%", b"2")
        expect_equal(client.get("plain", "a/one"), BODY, f"what {name} gives back")
        expect_equal(client.keys("plain", "a/"), {"a/one": len(BODY), "a/two é+%": 1}, f"keys at {name}")
        upload = client.begin_upload("plain", "a/parts")
        expect_equal(client.uploads("plain"), [s3client.Upload("a/parts", upload)], f"uploads at {name}")
        etags = [client.put_part("plain", "a/parts", upload, number, part) for number, part in enumerate((BODY * 5, b"end"), 1)]
        client.complete_upload("plain", "a/parts", upload, etags)
        expect_equal(client.get("plain", "a/parts"), BODY * 5 + b"end", f"parts at {name}")
        client.flip("plain", "a/one")
        expect_equal(client.get("plain", "a/one")[HALF], BODY[HALF] ^ 1, f"the flipped byte at {name}")
        client.truncate("plain", "a/one", 3)
        client.delete("plain", "a/two é+%")
        expect_equal(client.keys("plain"), {"a/one": 3, "a/parts": len(BODY) * 5 + 3}, f"keys at {name}")
        heads = client.head("plain", "nothing"), client.head("plain", "a/one")["content-length"]
        expect_equal(heads, (None, "3"), f"heads at {name}")
        refused(403, s3client.Client(client.endpoint, client.access_key, "wrong", ca_file=client.ca_file).get, "plain", "a/one")
    at_once(use, sites)


@test
def versions_and_locks_hold_where_they_exist_and_are_seen_to_be_missing_elsewhere(stores, sites):
    def use(name):
        client = sites[name].client()
        if sites[name].kind in ("juicefs", "swift"):  # they answer 200, and lock nothing
            client.create_bucket("locked", locked=True)
            return expect(not client.is_locked("locked"), f"{name} locks")
        sites[name].bucket("locked", locked=True)
        expect_equal((client.versioning("locked"), client.is_locked("locked")), ("Enabled", True), f"bucket at {name}")
        first = client.put("locked", "key", b"1", lock=s3client.GOVERNANCE, until=3600)
        second = client.put("locked", "key", b"22")
        client.delete("locked", "key")
        found = [(each.id, each.marker, each.size) for each in client.versions("locked")]
        expect_equal(found[1:], [(second, False, 2), (first, False, 1)], f"versions at {name}")
        expect(found[0][1], f"no marker at {name}")
        expect_equal(client.retention("locked", "key", first)[0], s3client.GOVERNANCE, f"retention at {name}")
        refused(403, client.delete, "locked", "key", first)
        expect_equal(client.empty("locked"), {}, f"left at {name}")
        expect_equal(client.versions("locked"), [], f"versions at {name}")
    at_once(use, sites)


@test
def roles_have_their_rights_and_no_others(stores, sites):
    def use(name):
        sites[name].bucket("roles", locked=True, roles=True)
        owner, node, maintenance, restore = (sites[name].client(role) for role in store.ROLES)
        version = node.put("roles", "key", b"1")
        for role in (owner, node, maintenance, restore):
            found = role.get("roles", "key"), role.keys("roles"), role.head("roles", "no")
            expect_equal(found, (b"1", {"key": 1}, None), f"reading at {name}")
        for role in (node, restore):
            refused(403, role.delete, "roles", "key")
            refused(403, role.delete, "roles", "key", version)
            refused(403, role.delete, "roles", "key", version, bypass=True)
            refused(403, role.set_versioning, "roles", "Suspended")
            refused(403, role.set_policy, "roles", {})
        refused(403, restore.put, "roles", "other", b"1")
        refused(403, node.uploads, "roles")
        maintenance.set_retention("roles", "key", s3client.GOVERNANCE, 60, version)
        refused(403, maintenance.delete, "roles", "key", version, bypass=True)
        spare = node.put("roles", "spare", b"1")
        maintenance.delete("roles", "spare", spare)
        refused(403, node.put, "plain", "key", b"1")
    at_once(use, [name for name in sites if sites[name].principal])


@test
def a_killed_store_refuses_and_has_everything_when_it_is_started_again(stores, sites):
    site = sites["lille"]
    client = site.client()
    kept = client.get("plain", "a/one")
    site.kill()
    broken(ConnectionRefusedError, client.get, "plain", "a/one")
    expect_equal(site.living(), {"server": []}, "living")
    expect(sites["paris"].client().keys("plain"), "the other store is gone too")
    stores.start("seaweedfs", "lille")
    expect_equal(client.get("plain", "a/one"), kept, "what was kept")


@test
def a_paused_store_does_not_answer_and_goes_on_when_resumed(stores, sites):
    for name in ("brest", "metz"):
        client = sites[name].client(timeout=1)
        sites[name].pause()
        broken(TimeoutError, client.get, "plain", "a/one")
        sites[name].resume()
        expect_equal(len(sites[name].client().get("plain", "a/one")), 3, f"size at {name}")


@test
def the_command_line_knows_the_stores(stores, sites):
    def run(*words):
        environment = os.environ | {"HDS_STORES": str(stores.root)}
        command = [sys.executable, HERE / "store.py", *words]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    lines = dict(line.split("=", 1) for line in run("env", "paris", "--role", "node").splitlines())
    expect_equal(lines, {name: str(value) for name, value in sites["paris"].env("node").items()}, "env")
    expect_equal([line.split()[3] for line in run("status").splitlines()], ["runs"] * len(sites), "status")
    run("bucket", "paris", "made-by-command", "--versioned")
    expect_equal(sites["paris"].client().versioning("made-by-command"), "Enabled", "versioning")


@test
def a_store_with_tls_is_known_by_the_test_authority_alone(stores, sites):
    site = sites["nice"]
    client = site.client()
    with fault_proxy.FaultProxy(site.endpoint, tls=site.ca_file.parent) as proxy:
        client.through(proxy.endpoint).put("plain", "key", BODY)
        proxy.add("flip", method="GET")
        expect(client.through(proxy.endpoint).get("plain", "key") != BODY, "nothing flipped")
    expect_equal(client.get("plain", "key"), BODY, "the object")
    client.delete("plain", "key")
    broken(ssl.SSLCertVerificationError, s3client.Client(site.endpoint, client.access_key, client.secret_key).get, "plain", "key")


# Faults

def fault(names=("paris", "brest", "lyon", "metz")):
    """A test with each of these stores, a proxy before it and an object in it."""
    def add(function):
        def run(stores, sites):
            def use(name):
                direct = sites[name].client()
                direct.put("plain", "object", BODY)
                with fault_proxy.FaultProxy(direct.endpoint) as proxy:
                    function(proxy, direct, direct.through(proxy.endpoint))
            at_once(use, names)
        run.__name__ = function.__name__
        return test(run)
    return add


@fault()
def without_a_fault_everything_passes_the_proxy(proxy, direct, client):
    client.put("plain", "passing", BODY)
    expect_equal(client.get("plain", "passing"), BODY, "the object")
    client.keys("plain")
    client.delete("plain", "passing")
    expect_equal([(line["method"], line["status"], line["fault"]) for line in proxy.requests()],
                 [("PUT", 200, None), ("GET", 200, None), ("GET", 200, None), ("DELETE", 204, None)], "log")
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)) as connection:
        for _ in range(3):  # on one connection, with a body that has to be asked for
            headers = client.signed("PUT", "/plain/expected", "", b"asked for", {"expect": "100-continue"})
            connection.putrequest("PUT", "/plain/expected", skip_host=True, skip_accept_encoding=True)
            for name, value in (headers | {"content-length": "9"}).items():
                connection.putheader(name, value)
            connection.endheaders(b"asked for")
            expect_equal(connection.getresponse().read(), b"", "the answer")
    expect_equal(direct.get("plain", "expected"), b"asked for", "the object")


@fault(["paris"])
def refused_connections(proxy, direct, client):
    proxy.add("refuse")
    broken(ConnectionRefusedError, client.get, "plain", "object")
    proxy.clear()
    client.get("plain", "object")
    proxy.add("refuse", seconds=0.2)
    broken(ConnectionRefusedError, client.get, "plain", "object")
    time.sleep(0.4)
    expect_equal(client.get("plain", "object"), BODY, "the object")


@fault(["paris"])
def faults_hit_so_many_requests_of_a_method_and_a_path(proxy, direct, client):
    proxy.add("answer", method="^GET$", path=r"/object$", count=2, skip=1)
    client.put("plain", "object", BODY)
    client.get("plain", "object")
    client.keys("plain")
    expect_equal([refused(500, client.get, "plain", "object") for _ in range(2)], ["InternalError"] * 2, "codes")
    client.get("plain", "object")
    proxy.add("drop", count=None)
    for _ in range(3):
        broken((ConnectionResetError, http.client.RemoteDisconnected), client.get, "plain", "object")
    proxy.clear()
    client.get("plain", "object")


@fault()
def resets_in_mid_body(proxy, direct, client):
    proxy.add("reset-upload", method="PUT")
    broken((ConnectionError, http.client.RemoteDisconnected), client.put, "plain", "half", BODY)
    expect_equal(proxy.requests()[-1]["up"], HALF, "bytes that reached the store")
    expect_equal(direct.head("plain", "half"), None, "the object of which half was sent")
    proxy.add("reset-download", method="GET", after=1000)
    broken((ConnectionError, http.client.IncompleteRead), client.get, "plain", "object")
    expect_equal((proxy.requests()[-1]["down"], proxy.requests()[-1]["fault"]), (1000, "reset-download"), "log")


@fault(["paris", "brest"])
def bodies_under_the_whole_length_end_early(proxy, direct, client):
    proxy.add("truncate", method="GET", after=4096)
    error = broken(http.client.IncompleteRead, client.get, "plain", "object")
    expect_equal((error.partial, error.expected), (BODY[:4096], len(BODY) - 4096), "what came, what is missing")


@fault(["paris", "brest"])
def wrong_bytes(proxy, direct, client):
    proxy.add("flip", method="GET")
    proxy.add("flip", method="GET", at=0)
    for place in (HALF, 0):
        found = client.get("plain", "object")
        expect_equal([index for index in range(len(BODY)) if found[index] != BODY[index]], [place], "flipped")
    expect_equal(client.get("plain", "object"), BODY, "the object")
    proxy.add("flip", method="PUT", side="up")
    expect(refused(400, client.put, "plain", "flipped", BODY) in ("BadDigest", "XAmzContentSHA256Mismatch"), "another code")


@fault(["paris"])
def slow_bodies(proxy, direct, client):
    direct.put("plain", "small", b"x" * 300)
    for side, call in (("down", lambda: client.get("plain", "small")), ("up", lambda: client.put("plain", "small", b"x" * 300))):
        proxy.add("slow", side=side, bytes=100, every=0.2)
        began = time.monotonic()
        call()
        expect(0.3 < time.monotonic() - began < 3, f"{side}: {time.monotonic() - began} s")
    proxy.add("delay", seconds=0.5)
    began = time.monotonic()
    client.get("plain", "small")
    expect(time.monotonic() - began > 0.5, "no delay")


@fault()
def answers_that_never_come_after_the_store_succeeded(proxy, direct, client):
    client.timeout = 1.5
    proxy.add("swallow", method="PUT")
    broken(TimeoutError, client.put, "plain", "swallowed", b"done")
    expect_equal(direct.get("plain", "swallowed"), b"done", "the object")
    proxy.add("hang", method="PUT")
    broken(TimeoutError, client.put, "plain", "hung", b"not done")
    expect_equal(direct.head("plain", "hung"), None, "the object")
    proxy.add("swallow", method="PUT", seconds=0)
    broken((ConnectionError, http.client.RemoteDisconnected), client.put, "plain", "swallowed", b"again")


@fault(["paris"])
def answers_that_the_store_did_not_give(proxy, direct, client):
    proxy.add("answer", status=503, retry_after=2)
    proxy.add("answer", status=503)
    proxy.add("answer", status=403)
    first, second, third = (client.request("PUT", "/plain/refused", body=BODY) for _ in range(3))
    expect_equal([each.status for each in (first, second, third)], [503, 503, 403], "statuses")
    expect_equal([each.headers.get("retry-after") for each in (first, second, third)], ["2", None, None], "Retry-After")
    expect_equal(direct.head("plain", "refused"), None, "the object")
    client.put("plain", "refused", b"")
    proxy.add("answer", method="HEAD", status=404)
    expect_equal(client.head("plain", "object"), None, "HEAD")


@fault()
def lists_of_an_earlier_time(proxy, direct, client):
    direct.put("plain", "listed/1", b"1")
    proxy.add("stale", path="list-type", count=None)
    earlier = client.keys("plain", "listed/")  # not asked before: it comes from the store
    direct.put("plain", "listed/2", b"2")
    expect_equal(client.keys("plain", "listed/"), earlier, "the list")
    proxy.clear()
    expect_equal(len(client.keys("plain", "listed/")), len(earlier) + 1, "the list")


@fault()
def requests_that_arrive_twice(proxy, direct, client):
    proxy.add("duplicate", method="PUT")
    answer = client.request("PUT", "/plain/twice", body=BODY, headers={"if-none-match": "*"})
    note = proxy.requests()[-1]["note"]
    conditional = {"juicefs": (200, "200"), "swift": (501, "501")}.get(kind_of(direct), (412, "200"))
    expect_equal((answer.status, note), (conditional[0], f"the first answer was {conditional[1]}"), "the two answers")
    proxy.add("duplicate", method="DELETE")
    client.delete("plain", "twice")


def kind_of(client):
    return next(site.kind for site in SITES.values() if site.endpoint == client.endpoint)


@test
def the_proxy_is_told_what_to_do_over_its_control_port(stores, sites):
    site = sites["paris"]
    log = stores.root / "proxy.log"
    command = [sys.executable, HERE / "fault_proxy.py", site.endpoint, "--log", log, "--fault", '{"kind": "drop"}']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        told = dict(word.split("=", 1) for word in process.stdout.readline().split())
        client, control = site.client().through(told["ENDPOINT"]), told["CONTROL"]
        broken((ConnectionError, http.client.RemoteDisconnected), client.get, "plain", "object")
        request = urllib.request.Request(f"{control}/faults", json.dumps({"kind": "answer", "status": 503, "count": 2}).encode())
        expect_equal(urllib.request.urlopen(request).status, 201, "POST")
        refused(503, client.get, "plain", "object")
        left = [(each["kind"], each["count"]) for each in json.load(urllib.request.urlopen(f"{control}/faults"))]
        expect_equal(left, [("drop", 0), ("answer", 1)], "faults left")
        urllib.request.urlopen(urllib.request.Request(f"{control}/faults", method="DELETE"))
        client.get("plain", "object")
        told = urllib.request.urlopen(f"{control}/log").read().decode()
        expect_equal(told, log.read_text(), "the log")
        expect_equal([json.loads(line)["fault"] for line in told.splitlines()], ["drop", "answer", None], "the log")
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


# Running

def at_once(function, names):
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(function, names))


def main():
    began, failed = time.monotonic(), 0
    with store.Stores() as stores:
        SITES.update(stores.start_all(KINDS, TLS))
        print(f"  {'all ready':76} {time.monotonic() - began:5.1f} s", flush=True)
        for function in tests:
            start, sentence = time.monotonic(), function.__name__.replace("_", " ")
            try:
                function(stores, SITES)
            except Exception:
                failed += 1
                print(f"  FAIL  {sentence}\n{traceback.format_exc()}")
            else:
                print(f"  ok    {sentence:70} {time.monotonic() - start:5.1f} s", flush=True)
        start = time.monotonic()
        stores.stop()
        left = store.left_below(stores.root)
        failed += bool(left)
        print(f"  {'all stopped' if not left else f'FAIL  left: {left}':76} {time.monotonic() - start:5.1f} s")
    print(f"{len(tests) - failed} passed, {failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if failed or stores.root.exists() else 0


SITES = {}

if __name__ == "__main__":
    socket.setdefaulttimeout(60)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the stores are to end too
    sys.exit(main())
