#!/usr/bin/env python3
"""Starts and breaks real S3 stores on loopback, for tests and benchmarks. Each is a whole cluster with its own data and ports.

    store.py start KIND NAME [NAME ...] [--tls]   (again: on the kept data); KIND: seaweedfs, ceph, juicefs, swift
    store.py env NAME [--role ROLE]               ENDPOINT, ACCESS_KEY, SECRET_KEY, REGION, CA_FILE; roles: owner and those below
    store.py bucket NAME BUCKET [--versioned | --locked] [--roles [--node-locks]]
    store.py stop [NAME ...]                      all, when none is named; data stay
    store.py kill NAME [DAEMON ...]               SIGKILL: the site, or one of its daemons, is lost; data stay
    store.py pause|resume NAME [DAEMON ...]       SIGSTOP, SIGCONT: connections are accepted and nothing answers
    store.py wipe NAME                            killed, and its data deleted
    store.py status [NAME ...]                    one line a store; success when all run

    HDS_STORES     the folder of everything: data, logs, keys. `start` makes a new one when it is not set, and says which
    HDS_PROGRAMS   where scripts/install-s3-stores.sh put its programs (default .build-stores/bin of this repository)

Every store has an owner and three more access keys, which may do nothing until `bucket --roles` gives them their rights: node,
maintenance, restore (Ceph and SeaweedFS only: see POLICIES.md).
"""
import argparse
import concurrent.futures
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import policies  # noqa: E402, the folder is known only now
import s3client  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("HDS_PROGRAMS") or HERE.parent.parent / ".build-stores" / "bin")
REGION = "us-east-1"
ROLES = ("owner", "node", "maintenance", "restore")
PORTS = 20  # a store's own, one after the other: the first is S3's
PORT_RANGE = range(10000, 32000, PORTS)  # below those that the system gives to clients
PATIENCE = 90  # seconds until a store must have answered
MARK = "HDS_STORE"  # in every daemon's environment: the store's folder


class StoreError(Exception):
    pass


# Processes

class Process:
    """A daemon with its workers, all of one session of its own, known by process id and start time."""

    def __init__(self, file, folder):
        self.file, self.name, self.folder = file, file.name, folder

    @classmethod
    def spawn(cls, file, folder, words, log, **environment):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with open(log, "ab") as output:
            process = subprocess.Popen([os.fspath(word) for word in words], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       cwd=folder, env=kept | {"LC_ALL": "C", MARK: os.fspath(folder)} | environment,
                                       start_new_session=True)
        file.write_text(f"{process.pid} {started(process.pid)}\n")
        process.returncode = 0  # it outlives this program: Popen is not to wait for it, or to warn
        return cls(file, folder)

    def pids(self):
        """Those of the session that live. A reused number is told by its start, a session without its leader by the mark."""
        try:
            leader, start = map(int, self.file.read_text().split())
        except (OSError, ValueError):
            return []
        with contextlib.suppress(ChildProcessError, OSError):
            os.waitpid(leader, os.WNOHANG)  # if it was this process's child, nobody else buries it
        now = started(leader)
        if now is not None and now != start:
            return []
        members = [pid for pid in all_pids() if session(pid) == leader and alive(pid)]
        return [pid for pid in members if (pid == leader and now == start) or marked(pid, self.folder)]

    def signal(self, number):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def gone(self, seconds):
        end = time.monotonic() + seconds
        while self.pids():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def kill(self):
        self.signal(signal.SIGKILL)
        if not self.gone(10):
            raise StoreError(f"{self.name} does not die: {self.pids()}")

    def end(self, grace):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if not self.gone(grace):
            self.kill()
        self.file.unlink(missing_ok=True)


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def stat(pid):
    """The fields after the command's name; empty where there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def started(pid):
    fields = stat(pid)
    return int(fields[19]) if fields else None


def session(pid):
    fields = stat(pid)
    return int(fields[3]) if fields else None


def alive(pid):
    """A zombie whose last other thread has ended is not."""
    try:
        return stat(pid)[0] != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (IndexError, OSError):
        return False


def marked(pid, folder):
    try:
        variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARK}={folder}".encode() in variables


def left_below(root):
    """Processes of stores below a folder that live: {pid: store's folder}."""
    found = {}
    for pid in all_pids():
        with contextlib.suppress(OSError):
            for variable in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                name, _, value = os.fsdecode(variable).partition("=")
                if name == MARK and pathlib.Path(value).is_relative_to(root) and alive(pid):
                    found[pid] = value
    return found


# Stores

class Store:
    """One site. A subclass says which daemons it has and how they are told what to do."""

    kind = None
    grace = 15  # seconds that a daemon gets to end by itself
    tls_possible = True
    principal = None  # how its policies name a user, if it has any: see POLICIES.md

    def __init__(self, root, name, port, tls):
        self.root, self.name, self.port, self.tls = root, name, port, tls
        self.folder = root / name
        self.log, self.run, self.data = self.folder / "log", self.folder / "run", self.folder / "data"

    # Where it is and who may ask

    @property
    def endpoint(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def ca_file(self):
        return self.root / "tls" / "ca.pem" if self.tls else None

    def access_key(self, role="owner"):
        return (role.upper() + hashlib.sha256(f"{self.name} {role}".encode()).hexdigest().upper())[:20]

    def secret_key(self, role="owner"):
        return hashlib.sha256(f"{self.name} {role} secret".encode()).hexdigest()[:40]

    def client(self, role="owner", **more):
        return s3client.Client(self.endpoint, self.access_key(role), self.secret_key(role), REGION, self.ca_file, **more)

    def env(self, role="owner"):
        return {"ENDPOINT": self.endpoint, "ACCESS_KEY": self.access_key(role), "SECRET_KEY": self.secret_key(role),
                "REGION": REGION, "CA_FILE": self.ca_file or ""}

    def bucket(self, bucket, versioned=False, locked=False, roles=False, node_locks=False):
        """Makes a bucket; `roles`: the three roles get their rights in it, with `node_locks` as in policies.py."""
        if roles and not self.principal:
            raise StoreError(f"{self.kind} has no rights for roles")
        self.client().create_bucket(bucket, versioned, locked)
        if roles:
            self.give_rights(bucket, node_locks)

    def give_rights(self, bucket, node_locks=False):
        self.client().set_policy(bucket, policies.policy(bucket, self.principal, node_locks))

    # Life

    def start(self):
        """Starts what does not run, and waits until a put, a get and a delete succeed."""
        for folder in (self.log, self.run, self.data):
            folder.mkdir(parents=True, exist_ok=True)
        if self.tls:
            make_certificates(self.root / "tls")
        self.launch()
        end, client = time.monotonic() + PATIENCE, self.client(timeout=15)
        while True:
            dead = [each.name for each in self.processes() if not each.pids()]
            if dead:
                self.stop()
                raise StoreError(f"{self.name}: {', '.join(dead)} ended, see {self.log}\n{self.last_words(dead)}")
            try:
                return self.prove(client)
            except (OSError, http.client.HTTPException, s3client.Refused) as error:
                if time.monotonic() > end:
                    self.stop()
                    raise StoreError(f"{self.name} is not ready after {PATIENCE} s, see {self.log}: {error}") from error
            time.sleep(0.1)

    def prove(self, client):
        with contextlib.suppress(s3client.Refused):  # it may be there already
            client.create_bucket("store-ready")
        client.put("store-ready", "object", b"ready")
        if client.get("store-ready", "object") != b"ready":
            raise StoreError(f"{self.name} gives back something else than was put")
        client.delete("store-ready", "object")
        client.delete_bucket("store-ready")

    def launch(self):
        raise NotImplementedError

    def spawn(self, name, *words, **environment):
        """Starts a daemon that stays in the foreground, if it does not run."""
        process = Process(self.run / name, self.folder)
        if not process.pids():
            Process.spawn(self.run / name, self.folder, words, self.log / f"{name}.out", **environment)

    def call(self, *words, stdin=None):
        """Runs a command to its end; its output."""
        done = subprocess.run([os.fspath(word) for word in words], input=stdin, capture_output=True, text=True, cwd=self.folder,
                              timeout=PATIENCE, env=os.environ | {"LC_ALL": "C"}, check=False)
        if done.returncode:
            raise StoreError(f"{self.name}: {' '.join(map(str, words))}: {done.stderr or done.stdout}")
        return done.stdout

    def processes(self, names=()):
        """Those named or all, in the order in which they were started."""
        files = [self.run / name for name in names] or (self.run.iterdir() if self.run.is_dir() else [])
        missing = [file.name for file in files if not file.exists()] if names else []
        if missing:
            raise StoreError(f"{self.name} has no daemon {', '.join(missing)}")
        return [Process(file, self.folder) for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)]

    def last_words(self, names):
        outputs = ((self.log / f"{name}.out").read_text(errors="replace").splitlines()[-5:] for name in names)
        return "\n".join(line for lines in outputs for line in lines)

    def stop(self):
        for process in reversed(self.processes()):
            process.end(self.grace)
        self.tidy()

    def tidy(self):
        """Removes what dead daemons left elsewhere."""

    def kill(self, *daemons):
        processes = self.processes(daemons)
        for process in processes:
            process.signal(signal.SIGKILL)
        for process in processes:
            process.kill()
        self.tidy()

    def pause(self, *daemons):
        for process in self.processes(daemons):
            process.signal(signal.SIGSTOP)

    def resume(self, *daemons):
        for process in self.processes(daemons):
            process.signal(signal.SIGCONT)

    def wipe(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def living(self):
        return {process.name: process.pids() for process in self.processes()}

    def program(self, name):
        found = shutil.which(name, path=f"{PROGRAMS}:{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
        if not found:
            raise StoreError(f"no program {name}: scripts/install-s3-stores.sh {self.kind}")
        return found


class SeaweedFS(Store):
    """Master, volume server, filer and S3 gateway in one process."""

    kind = "seaweedfs"
    grace = 2  # it waits for its own streams without end
    principal = policies.SEAWEEDFS

    def launch(self):
        config, tls, port = self.folder / "s3.json", self.root / "tls", self.port
        config.write_text(json.dumps({"identities": [self.identity(role) for role in ROLES]}, indent=1))
        # Telemetry is on by default, and -debug, which is not here, would listen on every address. Each bucket takes several
        # volumes, whatever is in it: without volume.max, a tenth bucket can find none left.
        options = {
            "dir": self.data, "ip": "127.0.0.1", "ip.bind": "127.0.0.1",
            "master.port": port + 1, "master.port.grpc": port + 2, "master.telemetry": "false", "master.electionTimeout": "1s",
            "master.volumeSizeLimitMB": 1024,
            "volume.port": port + 3, "volume.port.grpc": port + 4, "volume.max": 4096, "volume.preStopSeconds": 0,
            "filer": "true", "filer.port": port + 5, "filer.port.grpc": port + 6, "filer.localSocket": self.folder / "filer.sock",
            "s3": "true", "s3.port": port, "s3.port.grpc": port + 7, "s3.localSocket": self.folder / "s3.sock",
            "s3.port.iceberg": 0, "s3.port.lance": 0, "s3.iam": "false", "s3.config": config,
            "s3.allowDeleteBucketNotEmpty": "false", "s3.autoCreateBucket": "false",
        }
        if self.tls:
            options |= {"s3.cert.file": tls / "server.crt", "s3.key.file": tls / "server.key"}
        self.spawn("server", self.program("weed"), f"-logdir={self.log}", "server", *(f"-{name}={value}" for name, value in options.items()))

    def identity(self, role):
        """The roles may do what buckets' policies say, and nothing else."""
        return {"name": role, "credentials": [{"accessKey": self.access_key(role), "secretKey": self.secret_key(role)}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"] if role == "owner" else []}

    def tidy(self):
        """Besides the sockets that can be told where to be, there are some that cannot."""
        for number in range(PORTS):
            for each in ("master", "volume", "filer", "s3"):
                pathlib.Path(f"/tmp/seaweedfs-{each}-grpc-{self.port + number}.sock").unlink(missing_ok=True)

    def give_rights(self, bucket, node_locks=False):
        """A policy takes up to a second to be in force."""
        super().give_rights(bucket, node_locks)
        end = time.monotonic() + 10
        while True:
            try:
                return self.client("restore").keys(bucket)
            except s3client.Refused:
                if time.monotonic() > end:
                    raise
            time.sleep(0.05)


class Ceph(Store):
    """One monitor, one storage daemon with a sparse file for a disk, one gateway; no manager is needed."""

    kind = "ceph"
    principal = policies.CEPH

    def launch(self):
        conf, keyring = self.folder / "ceph.conf", self.folder / "keyring"
        cluster = self.folder / "cluster-id"
        if not cluster.exists():
            cluster.write_text(str(uuid.uuid4()))
        conf.write_text(self.conf(cluster.read_text()))
        monitor, disk, users = self.data / "mon", self.data / "osd", self.folder / "users-made"
        if not (monitor / "made").exists():
            shutil.rmtree(monitor, ignore_errors=True)
            monitor.mkdir()
            make = [self.program("ceph-authtool"), keyring, "--gen-key", "-n"]
            self.call(*make, "mon.", "--create-keyring", "--cap", "mon", "allow *")
            self.call(*make, "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *")
            self.call(self.program("monmaptool"), "--create", "--clobber", "--fsid", cluster.read_text(), "--addv", "a",
                      f"v2:127.0.0.1:{self.port + 1}", "monmap")
            self.call(self.program("ceph-mon"), "-c", conf, "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", keyring)
            (monitor / "made").touch()
        self.spawn("mon", self.program("ceph-mon"), "-c", conf, "-i", "a", "-f")
        if not (disk / "made").exists():
            shutil.rmtree(disk, ignore_errors=True)
            disk.mkdir()
            ident, key = str(uuid.uuid4()), self.call(self.program("ceph-authtool"), "--gen-print-key").strip()
            self.call(self.program("ceph-authtool"), keyring, "-n", "osd.0", "--add-key", key)
            self.call(self.program("ceph"), "--connect-timeout", "30", "-c", conf, "osd", "new", ident, "0", "-i", "-",
                      stdin=json.dumps({"cephx_secret": key}))
            self.call(self.program("ceph-osd"), "-c", conf, "-i", "0", "--mkfs", "--osd-uuid", ident, "--no-mon-config")
            (disk / "made").touch()
        self.spawn("osd", self.program("ceph-osd"), "-c", conf, "-i", "0", "-f")
        self.spawn("rgw", self.program("radosgw"), "-c", conf, "-n", "client.admin", "-f")
        if not users.exists():
            for role in ROLES:
                self.call(self.program("radosgw-admin"), "-c", conf, "user", "create", f"--uid={role}", f"--display-name={role}",
                          f"--access-key={self.access_key(role)}", f"--secret-key={self.secret_key(role)}",
                          *([] if role == "owner" else ["--max-buckets=-1"]))  # the roles make no buckets
            users.touch()

    def conf(self, cluster):
        tls = self.root / "tls"
        # Without tcp_nodelay every small answer waits for 40 ms.
        listen = f"endpoint=127.0.0.1:{self.port}"
        if self.tls:
            listen = f"ssl_{listen} ssl_certificate={tls}/server.crt ssl_private_key={tls}/server.key"
        return f"""[global]
fsid = {cluster}
mon_host = v2:127.0.0.1:{self.port + 1}/0
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
ms_bind_port_min = {self.port + 2}
ms_bind_port_max = {self.port + PORTS - 1}
auth_allow_insecure_global_id_reclaim = false
keyring = {self.folder}/keyring
mon_data = {self.data}/mon
osd_data = {self.data}/osd
rgw_data = {self.data}/rgw
run_dir = {self.folder}
crash_dir = {self.folder}
admin_socket =
pid_file =
log_file = {self.log}/$name.log
mon_cluster_log_file = {self.log}/cluster.log
# one copy, few groups, and a monitor that does not wait for more changes
paxos_propose_interval = 0.05
paxos_min_wait = 0.02
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_data_avail_warn = 1
mon_data_avail_crit = 0
osd_objectstore = bluestore
bluestore_block_size = {20 << 30}
osd_memory_target = {1 << 30}
osd_heartbeat_grace = 6
osd_client_watch_timeout = 3
rgw_frontends = beast tcp_nodelay=1 {listen}
"""

    def give_rights(self, bucket, node_locks=False):
        """No policy keeps a writer from making parts and copies public: the bucket has to ignore it."""
        super().give_rights(bucket, node_locks)
        self.client().ignore_public_acls(bucket)


class JuiceFS(Store):
    """A gateway of one process on files and SQLite: it ignores conditions, and knows neither versions nor locks nor roles."""

    kind = "juicefs"
    tls_possible = False

    def launch(self):
        program, database = self.program("juicefs"), self.folder / "meta.db"
        if not (self.folder / "made").exists():
            database.unlink(missing_ok=True)
            self.call(program, "format", "--storage", "file", "--bucket", f"{self.data}/", "--trash-days", "0",
                      f"sqlite3://{database}", "store")
            (self.folder / "made").touch()
        self.spawn("gateway", program, "gateway", "--log", self.log / "gateway.log", "--no-agent", "--no-banner", "--multi-buckets",
                   "--keep-etag", "--object-meta", "--no-usage-report", "--backup-meta", "0", "--metrics", f"127.0.0.1:{self.port + 1}",
                   "--cache-dir", self.folder / "cache", f"sqlite3://{database}", f"127.0.0.1:{self.port}",
                   MINIO_ROOT_USER=self.access_key(), MINIO_ROOT_PASSWORD=self.secret_key())


class Swift(Store):
    """OpenStack's object store with its S3 layer: it refuses conditions, and takes a lock without locking."""

    kind = "swift"
    python = "/usr/bin/python3"  # the one whose packages hold the store
    services = ("account", "container", "object")

    def access_key(self, role="owner"):
        return f"test:{role}"

    def launch(self):
        (self.data / "disk").mkdir(exist_ok=True)
        (self.folder / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n"
            "[storage-policy:0]\nname = p0\ndefault = yes\n[swift-constraints]\nmax_header_size = 16384\n")
        common = f"[DEFAULT]\nbind_ip = 127.0.0.1\nuser = {user_name()}\nswift_dir = {self.folder}\nlog_level = ERROR\n" \
                 f"log_address = {self.folder}/no-syslog\n"
        for number, service in enumerate(self.services, 1):
            (self.folder / f"{service}.conf").write_text(
                f"{common}bind_port = {self.port + number}\nworkers = 1\ndevices = {self.data}\nmount_check = false\nfallocate_reserve = 0\n"
                f"[pipeline:main]\npipeline = {service}-server\n[app:{service}-server]\nuse = egg:swift#{service}\n")
        (self.folder / "proxy.conf").write_text(common + self.proxy())
        if not (self.folder / "object.ring.gz").exists():
            self.call(self.python, "-c", RINGS, self.folder, str(self.port), *self.services)
        user = ["-u", user_name()] if os.geteuid() == 0 else []
        self.spawn("memcached", self.program("memcached"), *user, "-l", "127.0.0.1", "-p", str(self.port + 4), "-U", "0", "-m", "64")
        for service in (*self.services, "proxy"):
            self.spawn(service, self.python, "-c", SERVER, self.folder, service)

    def proxy(self):
        tls = f"cert_file = {self.root}/tls/server.crt\nkey_file = {self.root}/tls/server.key\n" if self.tls else ""
        users = "".join(f"user_test_{role} = {self.secret_key(role)} {'.admin' if role == 'owner' else ''}\n" for role in ROLES)
        plain = ("catch_errors", "gatekeeper", "cache", "listing_formats", "bulk", "s3api", "tempauth", "copy", "slo", "dlo",
                 "versioned_writes", "symlink")
        own = {"s3api": "s3_acl = true\n", "tempauth": users,
               "cache": f"use = egg:swift#memcache\nmemcache_servers = 127.0.0.1:{self.port + 4}\n",
               "versioned_writes": "allow_versioned_writes = true\nallow_object_versioning = true\n"}
        uses = {each: "" if each == "cache" else f"use = egg:swift#{each}\n" for each in plain}
        filters = "".join(f"[filter:{each}]\n{uses[each]}{own.get(each, '')}" for each in plain)
        return f"bind_port = {self.port}\nworkers = 2\n{tls}[pipeline:main]\npipeline = {' '.join(plain)} proxy-server\n" \
               f"[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n{filters}"


RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, port = sys.argv[1], int(sys.argv[2])
for number, service in enumerate(sys.argv[3:], 1):
    ring = RingBuilder(4, 1, 0)
    ring.add_dev({'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port + number, 'device': 'disk', 'weight': 1.0,
                  'replication_ip': '127.0.0.1', 'replication_port': port + number, 'meta': ''})
    ring.rebalance()
    ring.get_ring().save(f'{folder}/{service}.ring.gz')
"""
SERVER = """
import sys, eventlet, swift.common.utils as utils
folder, service = sys.argv[1:]
utils.set_swift_dir(folder)
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(f'{folder}/{service}.conf', f'{service}-server', verbose=False))
"""

KINDS = {each.kind: each for each in (SeaweedFS, Ceph, JuiceFS, Swift)}


def user_name():
    return pwd.getpwuid(os.geteuid()).pw_name


def make_certificates(folder):
    """A test authority and one certificate for all stores below a root, once."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock"):
        if (folder / "ca.pem").exists():
            return

        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
        openssl("req", "-x509", *key, "-days", "30", "-subj", "/CN=test authority", "-addext", "keyUsage=critical,keyCertSign",
                "-keyout", "ca.key", "-out", "ca.new")
        openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.new", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                "-extfile", "names", "-out", "server.crt")
        (folder / "ca.new").rename(folder / "ca.pem")


@contextlib.contextmanager
def locked(file):
    with open(file, "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Stores:
    """The stores below a folder. As a context, all end with it, and the folder goes if it was made here."""

    def __init__(self, root=None):
        self.made = root is None
        self.root = pathlib.Path(os.path.realpath(root or tempfile.mkdtemp(prefix="hds-stores-")))
        self.root.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        if self.made:
            shutil.rmtree(self.root, ignore_errors=True)

    def names(self):
        return sorted(file.parent.name for file in self.root.glob("*/store.json"))

    def store(self, name):
        """One that was started before."""
        try:
            known = json.loads((self.root / name / "store.json").read_text())
        except OSError as error:
            raise StoreError(f"no store {name} below {self.root}") from error
        return KINDS[known["kind"]](self.root, name, known["port"], known["tls"])

    def start(self, kind, name, tls=False):
        if kind not in KINDS:
            raise StoreError(f"no kind {kind}: {', '.join(KINDS)}")
        if not re.fullmatch(r"[a-z0-9-]+", name) or name == "tls":
            raise StoreError(f"not a name for a store: {name}")
        if tls and not KINDS[kind].tls_possible:
            raise StoreError(f"{kind} has no TLS")
        with self.lock, locked(self.root / "lock"):
            if name in self.names():
                store = self.store(name)
                if (store.kind, store.tls) != (kind, tls):
                    raise StoreError(f"{name} is there as {store.kind}{' with TLS' * store.tls}: wipe it first")
            else:
                store = KINDS[kind](self.root, name, self.free_port(), tls)
                store.folder.mkdir()
                (store.folder / "store.json").write_text(json.dumps({"kind": kind, "port": store.port, "tls": tls}))
        store.start()
        return store

    def start_all(self, kinds, tls=()):
        """Several at once: {name: kind} becomes {name: store}; `tls`: the names of those that have it."""
        with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
            started = {name: pool.submit(self.start, kind, name, name in tls) for name, kind in kinds.items()}
        return {name: each.result() for name, each in started.items()}

    def free_port(self):
        taken = {self.store(name).port for name in self.names()}
        for port in random.sample(PORT_RANGE, len(PORT_RANGE)):
            if port not in taken and all(map(is_free, range(port, port + PORTS))):
                return port
        raise StoreError("no free ports")

    def stop(self, *names):
        each_at_once(lambda name: self.store(name).stop(), names or self.names())


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def each_at_once(function, values):
    if values:
        with concurrent.futures.ThreadPoolExecutor(len(values)) as pool:
            list(pool.map(function, values))


# The command

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name, *arguments):
        found = verbs.add_parser(name)
        for argument in arguments:
            found.add_argument(argument, **({} if argument in ("kind", "name", "bucket") else {"nargs": "*"}))
        return found
    start = verb("start", "kind", "name", "names")
    start.add_argument("--tls", action="store_true")
    verb("env", "name").add_argument("--role", choices=ROLES, default="owner")
    bucket = verb("bucket", "name", "bucket")
    for option in ("versioned", "locked", "roles", "node-locks"):
        bucket.add_argument(f"--{option}", action="store_true")
    for name in ("kill", "pause", "resume"):
        verb(name, "name", "daemons")
    verb("wipe", "name")
    verb("stop", "names")
    verb("status", "names")
    options = parser.parse_args()

    root = os.environ.get("HDS_STORES")
    if not root and options.verb != "start":
        raise StoreError("HDS_STORES is not set: the folder that `start` named")
    stores = Stores(root)
    if not root:
        print(f"export HDS_STORES={stores.root}", flush=True)
    if options.verb == "start":
        def start_one(name):
            began = time.monotonic()
            store = stores.start(options.kind, name, options.tls)
            print(f"{name}: {store.kind} at {store.endpoint}, ready after {time.monotonic() - began:.1f} s", file=sys.stderr)
        each_at_once(start_one, [options.name, *options.names])
    elif options.verb == "stop":
        stores.stop(*options.names)
    elif options.verb == "status":
        return status(stores, options.names)
    else:
        store = stores.store(options.name)
        if options.verb == "env":
            for name, value in store.env(options.role).items():
                print(f"{name}={value}")
        elif options.verb == "bucket":
            store.bucket(options.bucket, options.versioned, options.locked, options.roles, options.node_locks)
        elif options.verb == "wipe":
            store.wipe()
        else:
            getattr(store, options.verb)(*options.daemons)
    return 0


def status(stores, names):
    all_run = True
    for name in names or stores.names():
        store = stores.store(name)
        living = store.living()
        runs = bool(living) and all(living.values())
        all_run = all_run and runs
        state = "runs" if runs else "degraded" if any(living.values()) else "down"
        daemons = [f"{daemon}:{pids[0] if pids else 'dead'}" for daemon, pids in living.items()]
        print(name, store.kind, store.endpoint, state, *daemons)
    return 0 if all_run else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StoreError, s3client.Refused) as error:
        sys.exit(f"store.py: {error}")
