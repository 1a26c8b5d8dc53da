"""Machines with the real daemon, and whom it speaks to: a service manager, a mail server, web servers, all of this process.

    HDSBACKUPD=path     the daemon (default: the one beside HDSBACKUP)
"""
import base64
import contextlib
import email
import email.header
import functools
import http.client
import http.server
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import socketserver
import sqlite3
import stat
import subprocess
import threading
import time

import hdstest
from hdstest import Open, expect, indented, program

PATIENCE = 60  # seconds for what should come within some: the machine may be busy


@functools.cache
def daemon_program():
    """A copy beside the one of the program, which it starts."""
    original = os.environ.get("HDSBACKUPD") or pathlib.Path(shutil.which(os.environ.get("HDSBACKUP") or hdstest.BUILT)).with_name("hdsbackupd")
    copy = program().with_name("hdsbackupd")
    shutil.copy(original, copy)
    return copy


def until(condition, what, patience=PATIENCE):
    """Waits for a truth, and returns it."""
    deadline = time.monotonic() + patience
    while not (truth := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"in {patience} s it did not come to this: {what}")
        time.sleep(0.1)
    return truth


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Host(Open):
    """A machine whose daemon has a socket in its folder. No role verifies: restore tests are another theme's."""

    def __init__(self, name, *, sites=("paris",), roles=("write", "maintain"), listen="", **more):
        super().__init__(name, sites=sites, roles=list(roles))
        self.socket = self.root / "control.sock"
        self.settings["daemon"] = {"socket": self.socket, "listen": listen} | more
        self.folder = self.root / "sample"
        self.folder.mkdir()
        (self.folder / "dossier.txt").write_text("dossier\n" * 1000)

    def source(self, name="dpi", **more):
        """A source: the sample folder, where it is no command."""
        return self.add_source(name, *([] if "command" in more else [self.folder]), **more)

    def ready(self):
        self.init()
        return self

    @property
    def history(self):
        return self.state / "history.sqlite"

    def rows(self, query, *values):
        """Of the history; none where it is not there."""
        if not self.history.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.history}?mode=ro", uri=True, timeout=30)) as database:
            database.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in database.execute(query, values)]
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def runs(self, kind="backup", subject=None):
        """Runs that ended, oldest first."""
        runs = self.rows("SELECT * FROM run WHERE kind = ? AND ended IS NOT NULL ORDER BY id", kind)
        return [run for run in runs if subject in (None, run["subject"])]

    def good_runs(self, kind="backup", subject=None):
        return [run for run in self.runs(kind, subject) if run["exit"] == 0]

    def slots(self, kind="backup", subject=None):
        """Slots of the schedule with a run that ended well."""
        return [run["slot"] for run in self.good_runs(kind, subject) if run["slot"] is not None]

    def hold(self, name="hold"):
        return Hold(self.root / name)


class Hold:
    """A hook that says that it was reached and waits until it is let go."""

    def __init__(self, path):
        self.path, self.reached = path, path.with_name(path.name + ".reached")
        self.close()

    @property
    def hook(self):
        return ["sh", "-c", f"echo $$ >> {self.reached}; while [ -e {self.path} ]; do sleep 0.1; done"]

    def close(self):
        self.path.touch()
        self.reached.unlink(missing_ok=True)

    def open(self):
        self.path.unlink(missing_ok=True)

    def wait(self):
        until(self.reached.exists, "the hook was reached")

    @property
    def times(self):
        return len(self.reached.read_text().splitlines()) if self.reached.exists() else 0


# The daemon

COSTS = hdstest.HERE.parent.parent / "Sources/Daemon/Engine/PlannedTask.swift"


def job_costs():
    """What a run of each kind counts for, as the daemon has it: {kind: (MiB, whether it waits for its like only)}."""
    found = {}
    for names, size, urgent in re.findall(r"case ([.\w, ]+): JobCost\(mebibytes: (\d+), cores: \d+(, isUrgent: true)?", COSTS.read_text()):
        for name in names.split(", "):
            found[{"restoreTest": "restore-test"}.get(name[1:], name[1:])] = int(size), bool(urgent)
    return found


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=PATIENCE):
        super().__init__("localhost", timeout=timeout)
        self.path = os.fspath(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """A daemon at work. `with` kills it at the end; its log goes with what fails."""
    numbers = itertools.count(1)

    def __init__(self, machine, *words, env=None, waits=True, before=()):
        self.machine = machine
        self.log_path = machine.root / f"daemon-{next(self.numbers)}.log"
        arguments = [*before, daemon_program(), "--config", machine.config, *words]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            env=machine.environment(**(env or {})))
        if waits:
            try:
                self.until(self.answers, "it answers")
            except AssertionError as error:
                self.__exit__(None, error, None)
                raise

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return self.log_path.read_text("utf-8", "replace")

    @property
    def is_alive(self):
        return self.process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        self.kill()
        if error is not None:
            error.add_note(f"the daemon's log ends with:\n{indented(self.log[-2500:], 3000)}")

    def until(self, condition, what, patience=PATIENCE):
        def checked():
            truth = condition()
            expect(truth or self.is_alive, f"the daemon ended with {self.process.returncode} before: {what}")
            return truth
        return until(checked, what, patience)

    # How it ends

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.is_alive:
            self.process.send_signal(signal.SIGKILL)
        return self.wait()

    def stop(self, patience=PATIENCE):
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(patience)

    def wait(self, patience=PATIENCE):
        """The exit status."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the daemon did not end within {patience} s") from None

    @property
    def workers(self):
        """Processes that it started: {pid: words}."""
        found = {}
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                for pid in (task / "children").read_text().split():
                    with contextlib.suppress(OSError):
                        found[int(pid)] = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        return {pid: words for pid, words in found.items() if words != [""]}

    # What it says

    def ask(self, method, path, body=None):
        """Status and body of an answer of the control socket."""
        connection = UnixConnection(self.machine.socket)
        with contextlib.closing(connection):
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def answers(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/v1/status")[0] == 200
        return False

    def overview(self, lang="en"):
        status, body = self.ask("GET", f"/v1/status?lang={lang}")
        expect(status == 200, f"the answer to a question for the status is {status}")
        return json.loads(body)["overview"]

    def alerts(self):
        return {each["key"]: each for each in self.overview()["alerts"]}

    def frames(self, **request):
        """Asks for a run; its frames until it ends."""
        status, body = self.ask("POST", "/v1/runs", json.dumps({"tenant": self.machine.tenant, "subject": "", "flags": [], "isJSON": False,
                                                                "isQuiet": False, "language": "en"} | request))
        expect(status == 200, f"a run was not taken: {status} {body!r}")
        return [json.loads(line) for line in body.splitlines()]


def is_running(pid):
    """Whether a process is there and is not only waited for."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


# Whom it speaks to

class Manager:
    """A service manager: takes what sd_notify sends."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.name, self.told = name, []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):
            while text := self.socket.recv(65536).decode():
                self.told.append((time.monotonic(), dict(line.split("=", 1) for line in text.split("\n"))))

    def values(self, key):
        return [fields[key] for _, fields in list(self.told) if key in fields]

    def times(self, key):
        return [at for at, fields in list(self.told) if key in fields]

    def environment(self, **more):
        return {"NOTIFY_SOCKET": self.name} | more


class Servers(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads, allow_reuse_address = True, True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class MailServer(Servers):
    """Takes mail as RFC 5321 has it, and keeps it."""

    def __init__(self):
        self.envelopes, self.texts = [], []
        super().__init__(MailHandler)

    @property
    def messages(self):
        """As email.message has them, with subject and body decoded."""
        for text in list(self.texts):
            message = email.message_from_bytes(text)
            message.subject = str(email.header.make_header(email.header.decode_header(message["Subject"])))
            message.body = base64.b64decode(message.get_payload(), validate=False).decode("utf-8")
            yield message


class MailHandler(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        envelope = []
        self.say("220 here")
        while line := self.rfile.readline():
            word = line.split(b":")[0].split()[0].upper() if line.split() else b""
            envelope.append(line.decode().rstrip("\r\n"))
            if word == b"EHLO":
                self.say("250-here\r\n250 8BITMIME")
            elif word == b"DATA":
                self.say("354 go on")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                self.server.envelopes.append(envelope)
                self.server.texts.append(b"".join(lines))
                self.say("250 kept")
            elif word == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 good")


class WebServer(Servers):
    """Keeps requests; answers `statuses` one after the other, then 200."""

    def __init__(self, *statuses):
        self.requests, self.statuses = [], list(statuses)
        super().__init__(WebHandler)

    def address(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


class WebHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def take(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.requests.append((time.monotonic(), self.command, self.path, dict(self.headers.items()), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_POST = take

    def log_message(self, *_):
        pass


# Users

@contextlib.contextmanager
def user(name, *groups):
    """A user of this machine for a while; so are the groups that are not there."""
    made = [group for group in groups if subprocess.run(["getent", "group", group], capture_output=True, check=False).returncode]
    for group in made:
        subprocess.run(["groupadd", "--system", group], check=True)
    subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", *(["--groups", ",".join(groups)] if groups else []), name], check=True)
    try:
        yield
    finally:
        subprocess.run(["userdel", name], check=False, capture_output=True)
        for group in made:
            subprocess.run(["groupdel", group], check=False, capture_output=True)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)
