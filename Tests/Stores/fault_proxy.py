#!/usr/bin/env python3
"""A proxy between an S3 client and a store that makes, on demand, the faults that networks and stores make.

    fault_proxy.py http://127.0.0.1:8333 [--listen PORT] [--control PORT] [--log FILE] [--tls FOLDER] [--fault JSON ...]

The line that it prints is `ENDPOINT=… CONTROL=…`; it ends by SIGTERM, or when the process that started it does. Bytes pass
untouched, so signatures hold: the client signs for the proxy's address, and a store in path style checks the Host header that it
gets. With TLS (`--tls`: the folder that store.py made, with ca.pem, server.crt, server.key) both sides are encrypted.

A fault is {"kind": …}, which may have
    method, path   regular expressions that must be found in the method, and in the path with its query, as sent (default: all)
    count          how many requests it hits (default 1; null: until it is taken away)
    skip           how many requests that match are left alone first
    and what its kind knows:
refuse             connections are refused and the open ones reset, at once and for `seconds` (default: until it is taken away)
drop               the connection is reset once the request's head is there
reset-upload       … after `after` bytes of the request's body have reached the store (default: half)
reset-download     … after `after` bytes of the answer's body have reached the client (default: half)
truncate           the connection is closed in good order there, under the whole Content-Length
slow               `side` up or down (default): `bytes` (64) every `every` (0.1) seconds
flip               one bit of the body changes, at `at` (default: the middle), on `side` up or down (default)
swallow            the store does it and its answer never comes: silence for `seconds` (default: until the client gives up)
hang               the same, but the store does not even get the request
delay              `seconds` (1) pass before the request goes on
answer             `status` (500) without asking the store, with `code` and `retry_after` if given
stale              a list is answered as the same request was before, without asking the store; where it was not, nothing is done
duplicate          the store gets the request twice, the client the second answer

The control port speaks HTTP: POST /faults adds one, GET /faults shows what is left of them, DELETE /faults takes all away,
GET /log gives the log: a JSON line for every request that has ended, with what was done to it.
"""
import argparse
import collections
import contextlib
import http.server
import json
import os
import re
import select
import socket
import ssl
import struct
import threading
import time
import urllib.parse

KINDS = ("refuse", "drop", "reset-upload", "reset-download", "truncate", "slow", "flip", "swallow", "hang", "delay", "answer",
         "stale", "duplicate")
HEAD_LIMIT, PIECE, POLL = 1 << 18, 1 << 16, 0.05
LISTS = re.compile(r"[?&](list-type=|versions|uploads|prefix=)")
REASONS = {403: ("Forbidden", "AccessDenied"), 404: ("Not Found", "NoSuchKey"), 429: ("Too Many Requests", "SlowDown"),
           500: ("Internal Server Error", "InternalError"), 503: ("Service Unavailable", "SlowDown")}


class Broken(Exception):
    """The connection is at its end: by a fault, or because a side left."""


class Fault:
    def __init__(self, kind, method="", path="", count=1, skip=0, **more):
        if kind not in KINDS:
            raise ValueError(f"no fault {kind}: {', '.join(KINDS)}")
        self.kind, self.method, self.path = kind, re.compile(method), re.compile(path)
        self.count, self.skip, self.more = count, skip, more

    def hits(self, request):
        """Whether it is this request's turn; counts."""
        if self.count == 0 or not self.method.search(request.method) or not self.path.search(request.target):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.count is not None:
            self.count -= 1
        return True

    def as_json(self):
        common = {"kind": self.kind, "method": self.method.pattern, "path": self.path.pattern, "count": self.count, "skip": self.skip}
        return common | self.more


class Stream:
    """One side of a connection."""

    def __init__(self, sock):
        self.socket, self.rest = sock, b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self, limit=PIECE):
        """Some bytes; none at the end."""
        if self.rest:
            found, self.rest = self.rest[:limit], self.rest[limit:]
            return found
        try:
            while not self.waiting(POLL):
                pass
            return self.socket.recv(limit)
        except (OSError, ValueError) as error:
            raise Broken(str(error)) from error

    def waiting(self, seconds):
        """Whether there is something to receive. Nothing waits for long: a close by another thread is to have its effect."""
        if self.rest or (isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()):
            return True
        return bool(select.select([self.socket], [], [], seconds)[0])

    def until(self, end):
        """Bytes up to and with `end`; none where the stream ends before the first."""
        found = self.rest
        self.rest = b""
        while (place := found.find(end)) < 0:
            more = self.receive()
            if not more and not found:
                return b""
            if not more or len(found) > HEAD_LIMIT:
                raise Broken("a head without an end")
            found += more
        place += len(end)
        self.rest = found[place:]
        return found[:place]

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Broken(str(error)) from error

    def reset(self):
        """Closes it by a reset, not by an end."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()


class Message:
    """The head of a request or an answer, and how long its body is."""

    def __init__(self, head, request=None):
        self.head = head
        lines = head.decode("latin-1").split("\r\n")
        self.words = lines[0].split(" ", 2)
        if len(self.words) < 2:
            raise Broken(f"no HTTP: {lines[0]!r}")
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        self.chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        self.length = int(self.headers.get("content-length", 0 if request is None else -1))  # -1: to the end of the connection
        if request is not None and (request.method == "HEAD" or self.status in (204, 304) or self.status < 200):
            self.chunked, self.length = False, 0

    @property
    def method(self):
        return self.words[0]

    @property
    def target(self):
        return self.words[1]

    @property
    def status(self):
        return int(self.words[1])

    @property
    def last(self):
        """Whether the connection ends after it."""
        return self.headers.get("connection", "").lower() == "close" or (self.length < 0 and not self.chunked)

    def body(self, stream):
        """Pairs of bytes and whether they are content, not the frame of a chunk."""
        if self.chunked:
            while True:
                line = stream.until(b"\r\n")
                yield line, False
                size = int(line.split(b";")[0] or b"0", 16)
                if not size:
                    break
                yield from exactly(stream, size)
                yield stream.until(b"\r\n"), False
            while True:  # trailers
                line = stream.until(b"\r\n")
                yield line, False
                if line in (b"\r\n", b""):
                    return
        elif self.length >= 0:
            yield from exactly(stream, self.length)
        else:
            while piece := stream.receive():
                yield piece, True


def exactly(stream, size):
    while size:
        piece = stream.receive(min(size, PIECE))
        if not piece:
            raise Broken("the body ends early")
        size -= len(piece)
        yield piece, True


class Exchange:
    """One request and its answer, on connections that may have had others before."""

    def __init__(self, proxy, client, store, request):
        self.proxy, self.client, self.store, self.request = proxy, client, store, request
        self.fault = proxy.fault_for(request)
        self.kind = self.fault.kind if self.fault else None
        self.more = self.fault.more if self.fault else {}
        self.answer, self.up, self.down, self.note, self.kept = None, 0, 0, None, None

    def run(self):
        """Whether the connections may be used again."""
        try:
            action = {"drop": self.drop, "hang": self.hang, "answer": self.answer_itself, "stale": self.answer_stale,
                      "duplicate": self.duplicate, "swallow": self.swallow, "delay": self.delay}.get(self.kind, self.forward)
            return action()
        except Broken as broken:
            self.note = self.note or str(broken)
            return False
        finally:
            self.proxy.note(self)

    def forward(self):
        self.send_request()
        return self.return_answer()

    def send_request(self):
        """Sends the head, and in a thread of its own the body: an answer may come before it has ended."""
        self.store.send(self.request.head)
        self.pump = threading.Thread(target=self.send_body, daemon=True)
        self.pump.start()

    def send_body(self):
        try:
            for piece, content in self.altered(self.request, self.client, "up", "reset-upload"):
                self.store.send(piece)
                self.up += len(piece) * content
        except Broken as broken:
            self.note = self.note or str(broken)
            if self.kind == "reset-upload":  # both sides; the thread that waits for the answer notices
                self.client.reset()
                self.store.reset()

    def altered(self, message, stream, side, reset):
        """The body with what the fault makes of it."""
        total = max(message.length, 0)
        ours = side == self.more.get("side", "down")
        cuts = self.kind == reset or (self.kind == "truncate" and side == "down")
        cut = self.more.get("after", total // 2 if total else 1) if cuts else None
        flip = self.more.get("at", total // 2) if self.kind == "flip" and ours else None
        slow = self.kind == "slow" and ours
        place = 0
        for piece, content in message.body(stream):
            if not content:
                yield piece, content
                continue
            if flip is not None and place <= flip < place + len(piece):
                piece = bytearray(piece)
                piece[flip - place] ^= 1
                piece = bytes(piece)
            if cut is not None and place + len(piece) >= cut:
                yield piece[:cut - place], content
                raise Broken(f"{self.kind} after {cut} bytes")
            if slow:
                for start in range(0, len(piece), self.more.get("bytes", 64)):
                    yield piece[start:start + self.more.get("bytes", 64)], content
                    time.sleep(self.more.get("every", 0.1))
            else:
                yield piece, content
            place += len(piece)

    def return_answer(self):
        answer = self.final_answer(self.client.send)
        self.client.send(answer.head)
        listed = self.request.method == "GET" and answer.status == 200 and LISTS.search(self.request.target)
        kept = [answer.head] if listed else None
        try:
            for piece, content in self.altered(answer, self.store, "down", "reset-download"):
                self.client.send(piece)
                self.down += len(piece) * content
                if kept is not None:
                    kept.append(piece)
        except Broken:
            if self.kind == "reset-download":
                time.sleep(0.05)  # what was sent is to arrive: a reset overtakes it
                self.client.reset()
            raise
        if kept is not None and self.kind != "flip":
            self.proxy.kept[self.request.target] = b"".join(kept)
        self.pump.join(2)
        return not (self.pump.is_alive() or answer.last or self.request.last or self.note)

    def final_answer(self, interim):
        """The head of the answer, after those that only say that more may come."""
        while True:
            head = self.store.until(b"\r\n\r\n")
            if not head:
                raise Broken("the store closed the connection")
            answer = Message(head, self.request)
            if answer.status >= 200:
                self.answer = answer.status
                return answer
            interim(head)

    def whole_request(self):
        """The request with its body."""
        if "expect" in self.request.headers:
            self.client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        pieces = [piece for piece, _ in self.request.body(self.client)]
        self.up = sum(map(len, pieces))
        return self.request.head + b"".join(pieces)

    def ask(self, whole):
        """The store's whole answer."""
        self.store.send(whole)
        answer = self.final_answer(lambda head: None)
        return answer, answer.head + b"".join(piece for piece, _ in answer.body(self.store))

    def duplicate(self):
        whole = self.whole_request()
        first, _ = self.ask(whole)
        if first.last:
            self.store.close()
            self.store = self.proxy.connect()
        second, answer = self.ask(whole)
        self.note = f"the first answer was {first.status}"
        self.client.send(answer)
        if first.last:
            self.store.close()
        return not (first.last or second.last or self.request.last)

    def swallow(self):
        answer, _ = self.ask(self.whole_request())
        self.note = f"the store's answer was {answer.status}"
        return self.silence()

    def hang(self):
        return self.silence()

    def silence(self):
        """Until the client leaves; what it still sends is read."""
        end = time.monotonic() + self.more["seconds"] if "seconds" in self.more else None
        while end is None or time.monotonic() < end:
            if self.proxy.closed:
                break
            if self.client.waiting(POLL) and not self.client.receive():
                raise Broken("the client left")
        self.client.close()
        return False

    def drop(self):
        self.client.reset()
        return False

    def delay(self):
        time.sleep(self.more.get("seconds", 1))
        return self.forward()

    def answer_itself(self):
        """Reads the body, unless the client waits to be asked for it."""
        waits = "expect" in self.request.headers
        if not waits:
            self.up = sum(len(piece) for piece, content in self.request.body(self.client) if content)
        self.answer = status = self.more.get("status", 500)
        reason, code = REASONS.get(status, ("Fault", "Fault"))
        body = f"<Error><Code>{self.more.get('code', code)}</Code><Message>fault_proxy.py</Message></Error>"
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        if "retry_after" in self.more:
            head += f"Retry-After: {self.more['retry_after']}\r\n"
        head += "Connection: close\r\n" if waits else ""
        self.client.send((head + "\r\n" + ("" if self.request.method == "HEAD" else body)).encode())
        return not waits and not self.request.last

    def answer_stale(self):
        self.answer = 200
        self.client.send(self.proxy.kept[self.request.target])
        return not self.request.last


class FaultProxy:
    """Listens on loopback. As a context, it ends with it."""

    def __init__(self, store, listen=0, log=None, tls=None):
        self.url = urllib.parse.urlsplit(store)
        self.tls, self.lock, self.closed = tls, threading.Lock(), False
        self.faults, self.log, self.kept, self.open, self.running = [], collections.deque(maxlen=100_000), {}, set(), 0
        self.log_file = open(log, "a", buffering=1) if log else None
        self.listener = self.bound(listen)
        self.port = self.listener.getsockname()[1]
        self.endpoint = f"{self.url.scheme}://127.0.0.1:{self.port}"
        if self.url.scheme == "https":
            self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.server.load_cert_chain(f"{tls}/server.crt", f"{tls}/server.key")
            self.trust = ssl.create_default_context(cafile=f"{tls}/ca.pem")
        self.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Listening

    @staticmethod
    def bound(port):
        """It holds the port: until `listen`, connections to it are refused."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    def listen(self):
        self.listener.listen(128)
        threading.Thread(target=self.accept, args=[self.listener], daemon=True).start()

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=self.serve, args=[sock], daemon=True).start()

    def refuse(self, seconds=None):
        with self.lock:
            self.shut(self.listener)
            self.listener = self.bound(self.port)
            for stream in list(self.open):
                stream.reset()
        if seconds is not None:
            timer = threading.Timer(seconds, self.accept_again, [self.listener])
            timer.daemon = True
            timer.start()

    def accept_again(self, listener=None):
        """`listener`: only if it is still that one that refuses."""
        with self.lock:
            listens = self.listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if not self.closed and not listens and listener in (None, self.listener):
                self.faults = [fault for fault in self.faults if fault.kind != "refuse"]
                self.listen()

    @staticmethod
    def shut(listener):
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    def close(self):
        with self.lock:
            self.closed = True
            self.shut(self.listener)
            for stream in list(self.open):
                stream.close()
        if self.log_file:
            self.log_file.close()
            self.log_file = None

    # Connections

    def connect(self):
        sock = socket.create_connection((self.url.hostname, self.url.port), timeout=10)
        sock.settimeout(None)
        return Stream(self.trust.wrap_socket(sock, server_hostname=self.url.hostname) if self.url.scheme == "https" else sock)

    def serve(self, sock):
        client, store = Stream(sock), None
        self.open.add(client)
        try:
            if self.url.scheme == "https":
                client.socket = self.server.wrap_socket(sock, server_side=True)
            again = True
            while again:
                if store and not self.idle(client, store):
                    return
                head = client.until(b"\r\n\r\n")
                if not head:
                    return
                if not store:
                    store = self.connect()
                    self.open.add(store)
                again = Exchange(self, client, store, Message(head)).run()
        except (Broken, OSError, ValueError):
            pass  # as a connection ends when a side leaves it, or another thread closes it
        finally:
            for stream in (client, store):
                if stream:
                    self.open.discard(stream)
                    stream.close()

    @staticmethod
    def idle(client, store):
        """Waits for the next request; false when the store closes the connection meanwhile."""
        while not client.waiting(POLL):
            if store.waiting(0):
                return False
        return True

    # Faults

    def add(self, kind, **more):
        fault = Fault(kind, **more)
        with self.lock:
            self.faults.append(fault)
        if kind == "refuse":
            self.refuse(more.get("seconds"))
        return fault

    def clear(self):
        with self.lock:
            self.faults.clear()
        self.accept_again()

    def fault_for(self, request):
        """The first whose turn it is; the request has begun."""
        with self.lock:
            self.running += 1
            for fault in self.faults:
                nothing_kept = request.method != "GET" or request.target not in self.kept
                if fault.kind == "refuse" or (fault.kind == "stale" and nothing_kept):
                    continue
                if fault.hits(request):
                    return fault
        return None

    def note(self, exchange):
        line = {"time": round(time.time(), 3), "method": exchange.request.method, "path": exchange.request.target,
                "fault": exchange.kind, "status": exchange.answer, "up": exchange.up, "down": exchange.down, "note": exchange.note}
        with self.lock:
            self.running -= 1
            self.log.append(line)
            if self.log_file:
                self.log_file.write(json.dumps(line) + "\n")

    def requests(self, method="", path=""):
        """What the log has of them. A client may know the end of a request before it is there: waits a little for all to end."""
        end = time.monotonic() + 1
        while self.running and time.monotonic() < end:
            time.sleep(0.01)
        with self.lock:
            return [line for line in self.log if re.search(method, line["method"]) and re.search(path, line["path"])]


class Control(http.server.BaseHTTPRequestHandler):
    proxy = None

    def do_GET(self):
        if self.path == "/faults":
            self.reply(200, json.dumps([fault.as_json() for fault in self.proxy.faults]))
        elif self.path == "/log":
            self.reply(200, "".join(json.dumps(line) + "\n" for line in self.proxy.requests()))
        else:
            self.reply(404, "")

    def do_POST(self):
        try:
            fault = self.proxy.add(**json.loads(self.rfile.read(int(self.headers.get("content-length", 0)))))
        except (ValueError, TypeError, re.error) as error:
            return self.reply(400, f"{error}\n")
        return self.reply(201, json.dumps(fault.as_json()))

    def do_DELETE(self):
        self.proxy.clear()
        self.reply(204, "")

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--listen", type=int, default=0)
    parser.add_argument("--control", type=int, default=0)
    parser.add_argument("--log")
    parser.add_argument("--tls")
    parser.add_argument("--fault", type=json.loads, action="append", default=[])
    options = parser.parse_args()
    with FaultProxy(options.store, options.listen, options.log, options.tls) as proxy:
        for fault in options.fault:
            proxy.add(**fault)
        control = http.server.ThreadingHTTPServer(("127.0.0.1", options.control), type("Bound", (Control,), {"proxy": proxy}))
        threading.Thread(target=control.serve_forever, daemon=True).start()
        print(f"ENDPOINT={proxy.endpoint} CONTROL=http://127.0.0.1:{control.server_port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            parent = os.getppid()
            while os.getppid() == parent:
                time.sleep(0.5)


if __name__ == "__main__":
    main()
