"""The daemon: schedules, runs through it, kills, a lost history, its configuration, its end, who may do what, alerts, anomalies, logs.

Tests run beside each other: most of their time is waiting for seconds to pass.
"""
import base64
import contextlib
import ctypes
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import time

import hdstest
from daemons import (Daemon, Host, MailServer, Manager, UnixConnection, WebServer, daemon_program, free_port, is_running, job_costs, mode,
                     until, user)
from hdstest import IS_ROOT, Runner, Skip, Suite, environment, expect, expect_equal, expect_in, expect_restores, fresh, indented, place

suite = Suite("13 the daemon")
AT_ONCE = 6
hdstest.PATIENCE = 60  # no command takes longer here


def no_slot_twice(machine):
    """Among the runs that ended well, for every task."""
    twice = machine.rows("SELECT task, slot, count(*) AS times FROM run WHERE slot IS NOT NULL AND exit = 0 GROUP BY task, slot HAVING times > 1")
    expect_equal(twice, [], "slots that ran well twice")


# Schedules

@suite.test
def a_schedule_runs_by_itself_each_slot_once_and_status_says_so():
    machine = Host("schedule", sites=("paris", "lille")).source(schedule="every 5s").ready()
    with Daemon(machine) as daemon:
        daemon.until(lambda: len(machine.good_runs()) >= 4, "four backups")
        texts = {lang: machine.run("status", "--lang", lang).out for lang in ("fr", "en")}
        status = machine.run("status", "--json").json
        daemon.stop()
    runs = machine.runs()
    slots = [run["slot"] for run in runs]
    expect_equal(slots, sorted(set(slots)), "slots, each once and in order")
    expect(all(slot % 5 == 0 and slot <= run["started"] for slot, run in zip(slots, runs)), f"a slot lies beside its schedule: {runs}")
    expect_equal({run["exit"] for run in runs}, {0}, "exit statuses of the runs")
    expect_equal(len(machine.ids()), len(runs), "snapshots, one a run")
    no_slot_twice(machine)
    expect_in("rien ne demande", texts["fr"])
    expect_in("nothing needs", texts["en"])
    for text in texts.values():
        expect_in("dpi", text)
        expect_in("2/2 paris,lille", text)
    [tenant] = status["overview"]["tenants"]
    [source] = tenant["sources"]
    expect_equal((source["schedule"], source["last_exit"], source["is_late"], source["copies"]), ("every 5s", 0, False, ["paris", "lille"]), "the source")
    expect(source["next"] >= status["overview"]["now"], "the next run lies in the past")
    expect_equal([(site["name"], site["is_reachable"]) for site in tenant["sites"]], [("paris", True), ("lille", True)], "the sites")
    expect("backup" in {run["kind"] for run in status["overview"]["recent"]}, "no backup among the last runs")
    expect_equal([each["tenant"] for each in status["tenants"]], [machine.tenant], "tenants of the report")
    expect_restores(machine, "dpi@latest", machine.folder)


@suite.test
def a_missed_run_is_made_up_for_exactly_once():
    machine = Host("missed").source(schedule="every 10s").ready()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "a backup")
        daemon.kill()
    time.sleep(22)
    start = int(time.time())

    def made_up():
        return [run for run in machine.good_runs() if run["started"] >= start]
    with Daemon(machine) as daemon:
        daemon.until(lambda: len(made_up()) >= 2, "two more backups")
    first, second = made_up()[:2]
    expect(start - 10 <= first["slot"] <= start + 10, f"the slot that was made up for is not the last one: {first} after {start}")
    expect_equal(second["slot"], first["slot"] + 10, "the slot after it")
    no_slot_twice(machine)


@suite.test
def runs_at_one_time_never_need_more_memory_than_they_may_take():
    """Backups and restore tests among each other, and the others among each other."""
    costs = job_costs()
    machine = Host("budget", sites=("paris", "lille"), memory="200MiB").source("a", schedule="every 5s").source("b", schedule="every 5s").ready()
    machine.tenant_settings["policy"] = {"verify": {"scrub": "30s"}}
    machine.write()
    seen = set()
    with Daemon(machine) as daemon:
        def look():
            now = sorted(run["kind"] for run in daemon.overview()["running"])
            seen.add(tuple(now))
            for urgent in (True, False):
                some = [kind for kind in now if costs[kind][1] == urgent]
                expect(len(some) < 2 or sum(costs[kind][0] for kind in some) <= 200, f"at one time: {some}")
            return len(machine.good_runs(subject="a")) >= 4 and len(machine.good_runs(subject="b")) >= 4
        daemon.until(look, "four backups of each source", 120)
    expect(any("backup" in kinds for kinds in seen), f"no backup was ever seen: {seen}")
    expect(not machine.rows("SELECT 1 FROM run a JOIN run b ON a.kind = 'backup' AND b.kind = 'backup' AND a.id < b.id AND a.ended > b.started + 1"),
           "two backups ran at one time")
    no_slot_twice(machine)


@suite.test
def a_backup_does_not_wait_for_a_verification_that_takes_long():
    """The verification's process is stopped, as one that reads terabytes seems to be."""
    machine = Host("starved").source(schedule="every 5s").ready()
    with Daemon(machine) as daemon:
        def verifying():
            return [pid for pid, words in daemon.workers.items() if "verify" in words[:2]]
        stopped = daemon.until(verifying, "a verification")
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        count = len(machine.good_runs())
        try:
            daemon.until(lambda: len(machine.good_runs()) > count, "a backup while a verification is under way", 40)
        finally:
            for pid in stopped:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGCONT)
        no_slot_twice(machine)


# Commands through the daemon

def plain(text):
    """What a command said, without what differs from one run to the next: numbers, times, names of snapshots."""
    text = re.sub(r"\b[0-9a-f]{12,}\b", "ID", text)
    return re.sub(r"\d+([.,]\d+)?( ([KMG]i)?[Bo]| ms| s)?\b", "N", text)


def shape(value):
    """Names and types of a JSON value, and texts that are words."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items() if key != "traffic"}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return plain(value) if isinstance(value, str) else type(value).__name__


@suite.test
def commands_through_the_daemon_say_and_end_the_same_as_alone():
    machine = Host("same", sites=("paris", "lille"))
    machine.source().source("fails", command=["sh", "-c", "echo half; exit 3"]).source("base", command=["echo", "base"])
    machine.add_source("gone", machine.root / "nowhere").ready()
    commands = [["backup", "dpi", "--json"], ["backup", "dpi", "--quiet"], ["backup", "fails", "--json", "--lang", "fr"], ["backup", "gone", "--json"],
                ["backup", "--lang", "fr"], ["backup", "nowhere"], ["verify", "--json", "--read", "all"], ["verify", "--site", "lille", "--lang", "fr"],
                ["verify", "--site", "nowhere"], ["verify", "--read", "some"], ["replicate", "--json"], ["replicate", "--to", "lille"],
                ["replicate", "--to", "nowhere"]]
    machine.backup("dpi")
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        different = []
        for words in commands:
            through, alone = machine.run(*words, exit=None), machine.run(*words, "--alone", exit=None)
            def said(result):
                out = [shape(line) for line in result.lines] if "--json" in words else plain(result.out)
                return result.exit, out, plain(result.err)
            if said(through) != said(alone):
                different.append(f"{words}\n  through {said(through)}\n  alone   {said(alone)}")
        expect(not different, "these differ:\n" + "\n".join(different))
        through = {run["task"] for run in machine.rows("SELECT task FROM run WHERE slot IS NULL")}
        for kind in ("backup:chu-essai/dpi", "verify:chu-essai/lille", "replicate:chu-essai"):
            expect(kind in through, f"no {kind} was run by the daemon")
        expect(daemon.is_alive, "the daemon ended")


def wait_for_calm(daemon):
    """Until what a first start does by itself is done: a look, probes, verifications."""
    def calm():
        overview = daemon.overview()
        return not overview["running"] and overview["tenants"][0]["observed"] and not [
            each for each in overview["upcoming"] if each["at"] <= overview["now"] + 2]
    daemon.until(calm, "nothing to do")


@suite.test
def frames_bring_what_is_said_and_how_far_it_is():
    machine = Host("frames").source(command=["sh", "-c", "for i in 1 2 3; do head -c 3000000 /dev/urandom; sleep 1.2; done"]).ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        frames = daemon.frames(kind="backup", subject="dpi")
        progress = [frame["progress"] for frame in frames if "progress" in frame]
        expect(len(progress) >= 2, f"progress came {len(progress)} times")
        for field in ("bytes", "new_bytes"):
            expect_equal(sorted(each[field] for each in progress), [each[field] for each in progress], f"{field} so far, growing")
        expect(progress[-1]["bytes"] + progress[-1]["new_bytes"] >= 3_000_000, f"the last progress: {progress[-1]}")
        expect_equal([frame["exit"] for frame in frames if "exit" in frame], [0], "exit statuses")
        expect("exit" in frames[-1], f"the last frame is {frames[-1]}")
        text = b"".join(base64.b64decode(frame["text"]) for frame in frames if frame.get("stream") == 1).decode()
        expect_in(machine.ids()[-1][:12], text, "the text of the run")
        for wrong in ({"kind": "restore"}, {"kind": "verify", "subject": "paris", "flags": ["--open"]}, {"kind": "backup", "subject": "--config=/x"},
                      {"kind": "verify", "subject": "paris", "flags": ["--read", "--open"]}, {"kind": "backup", "subject": "nowhere"}):
            body = json.dumps({"tenant": machine.tenant, "subject": "", "flags": [], "isJSON": False, "isQuiet": False, "language": "en"} | wrong)
            expect_equal(daemon.ask("POST", "/v1/runs", body)[0], 400, f"status of the answer to {wrong}")
        for body in ("", "{}", "[]", "{" * 1000, "x" * 100_000):
            status, _ = daemon.ask("POST", "/v1/runs", body)
            expect(400 <= status < 500, f"status {status} answers {body[:20]!r}")
        expect(daemon.answers(), "it answers no more")


@suite.test
def a_second_backup_is_refused_while_one_runs_which_goes_on_when_its_client_is_killed():
    machine = Host("twice")
    hold = machine.hold()
    machine.source(before=hold.hook).ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        with client(machine, "backup", "dpi"):
            hold.wait()
            for words in (["--lang", "en"], ["--lang", "fr"], ["--json"]):
                refused = machine.run("backup", "dpi", *words, exit=5)
                expect_in("dpi", refused.err)
            expect_equal(machine.runs(), [], "backups that ended")
        time.sleep(1)
        hold.open()
        [run] = daemon.until(machine.runs, "the end of the run whose client was killed")
        expect_equal((run["exit"], run["slot"]), (0, None), "exit status and slot of the run")
        expect_equal(len(machine.ids()), 1, "snapshots")
        machine.run("backup", "dpi")


@suite.test
def a_command_whose_daemon_is_killed_ends_and_says_so():
    machine = Host("lost")
    hold = machine.hold()
    machine.source(before=hold.hook).ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        with client(machine, "backup", "dpi") as process:
            hold.wait()
            daemon.kill()
            try:
                _, err = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                raise AssertionError("it hangs") from None
            expect_in(process.returncode, (6, 130), "the exit statuses that are right")
            expect(err.strip(), "nothing was said")
    hold.open()
    # The worker ends its hook and thaws before it goes: a few seconds.
    until(lambda: machine.run("backup", "dpi", exit=(0, 5)).exit == 0, "the source is free again", 20)


@suite.test
def what_a_hook_froze_is_thawed_where_a_signal_ends_the_backup():
    machine = Host("thaw")
    hold = machine.hold()
    thawed = machine.root / "thawed"
    machine.source(before=hold.hook, after=["touch", thawed]).ready()
    for number in (signal.SIGTERM, signal.SIGINT):
        hold.close()
        thawed.unlink(missing_ok=True)
        with client(machine, "backup", "dpi", "--alone") as process:
            hold.wait()
            hook = int(hold.reached.read_text().split()[-1])
            process.send_signal(number)
            process.communicate(timeout=20)
            expect_equal(process.returncode, 130, "the exit status")
        expect(thawed.exists(), "it is frozen for good")
        expect(not is_running(hook), "what freezes goes on after the thaw")
    hold.open()
    machine.run("backup", "dpi", "--alone")


@suite.test
def what_root_does_alone_leaves_nothing_that_the_daemon_cannot_go_on_with():
    if not IS_ROOT:
        raise Skip("only root can give files away")
    machine = Host("owners", sites=("paris", "lille"))
    machine.source().ready()
    folders = [machine.state, *(machine.site(name) for name in machine.sites)]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        subprocess.run(["chown", "-R", f"{hdstest.NOBODY}:{hdstest.NOBODY}", folder], check=True)
    for words in (["backup", "dpi"], ["replicate"], ["verify", "--read", "all"], ["status"]):
        machine.run(*words, "--alone")
    of_root = [path for folder in folders for path in folder.rglob("*") if path.lstat().st_uid == 0]
    expect(not of_root, f"of root: {[str(path.relative_to(machine.root)) for path in of_root][:10]}")
    # A link that somebody with rights to the folder laid is not followed to a file of root's.
    target = machine.root / "root-file"
    lock = next(machine.state.rglob("lock-commits"))
    lock.unlink()
    lock.symlink_to(target)
    machine.run("backup", "dpi", "--alone", exit=None)
    expect(not target.exists(), "a file was made through a link")


@contextlib.contextmanager
def client(machine, *words):
    """A command that goes on meanwhile, and is killed at the end."""
    process = subprocess.Popen(machine.words(*words), env=machine.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@suite.test
def what_a_run_did_is_known_when_it_says_that_it_is_over():
    machine = Host("known").source().ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        for number in range(1, 6):
            frames = daemon.frames(kind="backup", subject="dpi")
            expect_equal(len(machine.good_runs()), number, "runs in the history when the last one is over")
            expect_equal([run for run in daemon.overview()["running"] if run["kind"] == "backup"], [], "backups that run when the last one is over")
            expect_equal(frames[-1].get("exit"), 0, "exit status")


@suite.test
def a_hook_has_nothing_of_the_daemon_open():
    """Not the control socket, where it could hear what root asks; nor the dashboard's port, which would keep the next daemon from starting."""
    port = free_port()
    machine = Host("descriptors", listen=f"127.0.0.1:{port}")
    hold = machine.hold()
    machine.source(before=hold.hook).ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        with client(machine, "backup", "dpi"):
            hold.wait()
            hook = int(hold.reached.read_text().split()[0])
            kept = {pid: descriptors(pid) for pid in [hook, *daemon.workers]}
            daemon.kill()
        expect_equal(kept.pop(hook), {}, "descriptors of the hook beside its standard ones")
        expect_equal([what for more in kept.values() for what in more.values() if what.startswith("socket:")], [], "sockets of the worker")
        with Daemon(machine) as again:
            expect_equal(get(port, "/healthz")[0], 200, "health of the next one, while the hook of the last one lives")
            expect(again.is_alive, "it ended")
    hold.open()


def descriptors(pid):
    """{number: what} of what a process has open, but for its pipes below four."""
    links = {link.name: os.readlink(link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    return {number: what for number, what in links.items() if number not in "0123" or not (what == "/dev/null" or what.startswith("pipe:"))}


# Kills

@suite.test
def a_killed_daemon_takes_its_worker_along_and_the_next_one_repeats_the_slot():
    machine = Host("killed")
    hold = machine.hold()
    machine.source(schedule="every 1h", before=hold.hook).ready()
    with Daemon(machine) as daemon:
        hold.wait()
        workers = list(daemon.workers)
        expect(workers, "no worker runs")
        daemon.kill()
        until(lambda: not any(map(is_running, workers)), "the workers end as well", 10)
        expect(machine.socket.exists(), "the socket is gone: nothing is shown by this test")
        machine.run("status", exit=(0, 3))
    hold.open()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "the slot is made up for")
        wait_for_calm(daemon)
    first, second = machine.runs()
    expect_equal((first["exit"], second["exit"]), (130, 0), "how the runs ended")
    expect_equal(first["slot"], second["slot"], "their slots")
    expect_equal(len(machine.ids()), 1, "snapshots")
    no_slot_twice(machine)


@suite.test
def a_run_that_ended_while_the_daemon_was_dying_is_taken_over_and_not_repeated():
    machine = Host("adopted")
    hold = machine.hold()
    machine.source(schedule="every 1h", before=hold.hook).ready()
    with Daemon(machine) as daemon:
        hold.wait()
        workers = list(daemon.workers)
        daemon.signal(signal.SIGSTOP)
        hold.open()
        until(lambda: not any(map(is_running, workers)), "the worker ends")
        expect(list((machine.state / "runs").glob("*.report")), "it left no report")
        daemon.kill()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
    [run] = machine.runs()
    expect_equal(run["exit"], 0, "exit status of the run that was taken over")
    expect_in(machine.ids()[0][:12], run["summary"], "its summary")
    expect_equal(hold.times, 1, "how often the source was read")
    expect_equal(list((machine.state / "runs").glob("*.report")), [], "reports that are left")


@suite.test
def a_daemon_that_is_killed_again_and_again_loses_and_repeats_nothing():
    machine = Host("again", sites=("paris", "lille")).source(schedule="every 5s").ready()
    for seconds in (2.3, 4.1, 1.7, 6.2, 0.3, 3.3):
        with Daemon(machine, waits=False) as daemon:
            time.sleep(seconds)
            daemon.kill()
    with Daemon(machine) as daemon:
        count = len(machine.good_runs())
        daemon.until(lambda: len(machine.good_runs()) >= count + 2, "two more backups")
        daemon.stop()
    no_slot_twice(machine)
    expect_equal(machine.rows("SELECT * FROM run WHERE ended IS NULL"), [], "runs without an end")
    machine.run("replicate")
    machine.run("verify", "--read", "all", "--open")
    expect_equal(machine.ids("--site", "paris"), machine.ids("--site", "lille"), "snapshots at both sites")


@suite.test
def a_second_daemon_on_the_same_state_is_refused():
    machine = Host("second").source().ready()
    with Daemon(machine) as daemon:
        other = Daemon(machine, waits=False)
        expect_equal(other.wait(20), 5, "exit status of the second")
        expect_in(str(machine.state), other.log, "what it says")
        expect(daemon.answers(), "the first one answers no more")
        machine.run("backup")


# A lost history

RUBBISH = {
    "that was deleted": lambda file: file.unlink(),
    "that is rubbish": lambda file: file.write_bytes(secrets.token_bytes(60_000)),
    "that is empty": lambda file: file.write_bytes(b""),
    "whose second page and all after it are rubbish": lambda file: file.write_bytes(file.read_bytes()[:4096] + secrets.token_bytes(40_000)),
    "that was cut off": lambda file: file.write_bytes(file.read_bytes()[:5000]),
}


@suite.each(*RUBBISH.items())
def what_the_sites_know_is_rebuilt_and_not_run_again_after_a_history(what, damage):
    machine = Host("history-" + what.replace(" ", "-"), sites=("paris", "lille")).source(schedule="every 30d").ready()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "a backup")
        wait_for_calm(daemon)
        daemon.stop()
    for rest in ("-wal", "-shm"):
        machine.history.with_name(machine.history.name + rest).unlink(missing_ok=True)
    damage(machine.history)
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        [source] = daemon.overview()["tenants"][0]["sources"]
        expect_equal((source["snapshots"], source["copies"]), (1, ["paris", "lille"]), "what is known of the source")
        expect(source["next"] > time.time() + 86_400, f"the next backup is due at {source['next']}")
        expect_equal(machine.runs(), [], "backups that were repeated")
        expect_equal(daemon.alerts(), {}, "alerts")
        machine.run("backup")
        daemon.until(machine.good_runs, "the backup is in the new history")


# Configuration

def reloads(daemon, machine, how):
    if how == "SIGHUP":
        daemon.signal(signal.SIGHUP)
    else:
        machine.run("config", "reload")


@suite.each("SIGHUP", "config reload")
def a_changed_configuration_is_taken_up_at(how):
    machine = Host("reload-" + how.replace(" ", "-")).source(schedule="every 5s").ready()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "a backup")
        loaded = daemon.overview()["configuration"]["loaded"]
        (machine.root / "autre").mkdir()
        machine.add_source("labo", machine.root / "autre", schedule="every 5s").write()
        time.sleep(1.1)
        reloads(daemon, machine, how)
        daemon.until(lambda: machine.good_runs(subject="labo"), "a backup of the new source")
        state = daemon.overview()["configuration"]
        expect(state["loaded"] > loaded and "refused" not in state, f"state of the configuration: {state}")
        del machine.settings["source.dpi"]
        machine.write()
        reloads(daemon, machine, how)
        daemon.until(lambda: [each["name"] for each in daemon.overview()["tenants"][0]["sources"]] == ["labo"], "the old source is gone")
        time.sleep(2)
        count = len(machine.runs(subject="dpi"))
        time.sleep(7)
        expect_equal(len(machine.runs(subject="dpi")), count, "backups of the source that is gone")
        machine.run("backup", "dpi", exit=2)


@suite.test
def a_wrong_configuration_is_refused_with_every_mistake_and_the_old_one_stays():
    machine = Host("refused").source(schedule="every 5s").ready()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "a backup")
        good = machine.config.read_text()
        machine.config.write_text(good.replace("every 5s", "when it rains") + '\nfrobnicate = true\n[source.autre]\ntenant = "personne"\npaths = ["/a"]\n')
        lines = machine.config.read_text().splitlines()
        for lang in ("en", "fr"):
            result = machine.run("config", "reload", "--lang", lang, exit=2)
            for key, line in (("schedule", 'schedule = "when it rains"'), ("frobnicate", "frobnicate = true"), ("tenant", 'tenant = "personne"')):
                expect_in(f"{machine.config}:{lines.index(line) + 1}", result.err, f"what is said of {key}")
                expect_in(key, result.err)
        daemon.signal(signal.SIGHUP)
        reason = daemon.until(lambda: daemon.overview()["configuration"].get("refused"), "the refusal is known")
        expect_in("config.toml", reason, "why it was refused")
        expect("configuration" in daemon.alerts(), "no alert")
        count = len(machine.good_runs())
        daemon.until(lambda: len(machine.good_runs()) >= count + 2, "backups under the old configuration")
        expect_equal(machine.runs()[-1]["exit"], 0, "exit status of a run meanwhile")
        machine.config.write_text(good)
        machine.run("config", "reload")
        daemon.until(lambda: "configuration" not in daemon.alerts(), "the alert is over")


@suite.test
def a_wrong_configuration_can_be_reloaded_with_a_sentence_even_where_it_is_no_toml():
    machine = Host("no-toml").source().ready()
    with Daemon(machine) as daemon:
        good = machine.config.read_bytes()
        for text in (b"[node\nname =", b"", b"[node]\nname = \"\xff\"\n"):
            machine.config.write_bytes(text)
            daemon.signal(signal.SIGHUP)
            daemon.until(lambda: daemon.overview()["configuration"].get("refused"), f"{text!r} is refused")
            machine.config.write_bytes(good)
            daemon.signal(signal.SIGHUP)
            daemon.until(lambda: not daemon.overview()["configuration"].get("refused"), "the good one is in effect")
        machine.config.unlink()
        daemon.signal(signal.SIGHUP)
        daemon.until(lambda: daemon.overview()["configuration"].get("refused"), "a file that is gone is refused")


@suite.test
def what_takes_a_restart_is_told_and_changes_nothing():
    machine = Host("restart").source(schedule="every 5s").ready()
    with Daemon(machine) as daemon:
        good = machine.config.read_text()
        for key, old, new in (("node.state", str(machine.state), str(machine.root / "other")), ("daemon.listen", 'listen = ""', 'listen = "127.0.0.1:1"')):
            machine.config.write_text(good.replace(old, new))
            result = machine.run("config", "reload", exit=2)
            expect_in(key, result.err)
            expect_in("restart", result.err)
        machine.config.write_text(good.replace("control.sock", "other.sock"))
        daemon.signal(signal.SIGHUP)
        refused = daemon.until(lambda: "daemon.socket" in daemon.overview()["configuration"].get("refused", "") and daemon.overview()["configuration"]["refused"],
                               "a change of the socket is refused")
        expect_in("restart", refused)
        expect(not (machine.root / "other").exists(), "the other state folder was made")
        count = len(machine.good_runs())
        daemon.until(lambda: len(machine.good_runs()) > count, "backups go on")


@suite.test
def a_daemon_does_not_start_on_a_wrong_configuration_and_lists_every_mistake():
    machine = Host("no-start").source(schedule="now and then").write()
    machine.config.write_text(machine.config.read_text() + "\nfrobnicate = true\n")
    daemon = Daemon(machine, waits=False)
    expect_equal(daemon.wait(20), 2, "exit status")
    expect_in("schedule", daemon.log, "the log")
    expect_in("frobnicate", daemon.log, "the log")


# The end

@suite.test
def at_sigterm_a_run_under_way_is_finished_where_it_can():
    machine = Host("ends")
    hold = machine.hold()
    machine.source(schedule="every 1h", before=hold.hook).ready()
    with Daemon(machine, "--grace", "20") as daemon:
        hold.wait()
        daemon.signal(signal.SIGTERM)
        time.sleep(2)
        expect(daemon.is_alive, "it did not wait")
        refused = machine.run("backup", exit=5)
        expect(refused.err.strip(), "nothing is said")
        hold.open()
        start = time.monotonic()
        expect_equal(daemon.wait(), 0, "exit status")
        expect(time.monotonic() - start < 10, "it waited for more than the run")
    expect_equal([run["exit"] for run in machine.runs()], [0], "how the run ended")
    expect(not machine.socket.exists() or not connects(machine.socket), "somebody still listens")


def connects(path):
    try:
        UnixConnection(path).connect()
    except OSError:
        return False
    return True


@suite.test
def at_sigterm_a_run_that_takes_too_long_is_stopped_and_gone_on_with_afterwards():
    machine = Host("stopped")
    hold = machine.hold()
    machine.source(schedule="every 1h", before=hold.hook).ready()
    with Daemon(machine, "--grace", "2") as daemon:
        hold.wait()
        workers = list(daemon.workers)
        start = time.monotonic()
        expect_equal(daemon.stop(30), 0, "exit status")
        took = time.monotonic() - start
        expect(1.5 <= took <= 10, f"it took {took:.1f} s to end")
        expect(not any(map(is_running, workers)), "a worker is left")
    expect_equal([run["exit"] for run in machine.runs()], [130], "how the run ended")
    hold.open()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "the run is gone on with")
    first, second = machine.runs()
    expect_equal(first["slot"], second["slot"], "their slots")


@suite.test
def a_worker_that_does_not_heed_and_a_client_that_says_nothing_hold_up_no_end():
    machine = Host("deaf", listen=f"127.0.0.1:{free_port()}")
    hold = machine.hold()
    machine.source(schedule="every 1h", before=hold.hook).ready()
    with Daemon(machine, "--grace", "1") as daemon:
        hold.wait()
        silent = UnixConnection(machine.socket)
        silent.connect()
        silent.sock.send(b"GET /v1/status HTTP/1.1\r\n")
        host, port = machine.settings["daemon"]["listen"].split(":")
        browser = socket.create_connection((host, int(port)))
        for pid in daemon.workers:
            os.kill(pid, signal.SIGSTOP)
        workers = list(daemon.workers)
        start = time.monotonic()
        daemon.stop(40)
        took = time.monotonic() - start
        expect(took <= 1 + 10 + 5, f"it took {took:.1f} s to end")
        for pid in workers:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
        until(lambda: not any(map(is_running, workers)), "the worker ends once it can", 10)
        browser.close()
    hold.open()


@suite.test
def a_webhook_that_never_answers_holds_up_no_end():
    machine = Host("slow-hook").source("fails", command=["false"], schedule="every 1h")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        machine.settings["alert"] = {"webhook": f"http://127.0.0.1:{silent.getsockname()[1]}/"}
        machine.ready()
        with Daemon(machine, "--grace", "1") as daemon:
            daemon.until(lambda: machine.rows("SELECT * FROM message"), "an alert waits")
            time.sleep(1)
            start = time.monotonic()
            daemon.stop(90)
            took = time.monotonic() - start
            expect(took <= 1 + 10 + 5, f"it took {took:.1f} s to end")


# Who may do what

@suite.test
def a_stranger_is_refused_and_a_member_of_the_group_looks_and_does_not_act():
    if not IS_ROOT:
        raise Skip("only root makes users")
    names = {each: f"hds{os.getpid() % 100_000}{each}" for each in "ab"}
    machine = Host("users").source().ready()
    if subprocess.run(["getent", "group", "hdsbackup"], capture_output=True, check=False).returncode:
        with Daemon(machine):
            expect_equal(mode(machine.socket), 0o600, "mode of the socket where there is no group")
    with user(names["a"]), user(names["b"], "hdsbackup"), Daemon(machine) as daemon:
        expect_equal((mode(machine.state), mode(machine.state / "runs")), (0o700, 0o700), "modes of the folders that the daemon keeps")
        expect_equal(mode(machine.socket), 0o660, "mode of the socket")
        def as_user(which, *words, exit):
            return Runner.run(["runuser", "-u", names[which], "--", *machine.words(*words)], exit=exit, env=environment())
        wait_for_calm(daemon)
        for words in (["status"], ["backup"], ["config", "reload"], ["verify"]):
            expect_in("control.sock", as_user("a", *words, exit=5).err, f"what a stranger is told who asks for {words}")
        expect_in("dpi", as_user("b", "status", exit=(0, 3)).out)
        as_user("b", "status", "--json", exit=(0, 3))
        for words in (["backup"], ["config", "reload"], ["verify"], ["replicate"]):
            expect(as_user("b", *words, exit=5).err.strip(), "nothing is said")
        runs = machine.rows("SELECT * FROM run WHERE slot IS NULL AND kind <> 'observe'")
        expect_equal(runs, [], "runs that were asked for")
        as_group = ["setpriv", f"--reuid={names['a']}", "--regid=hdsbackup", "--clear-groups", "--"]
        Runner.run(as_group + machine.words("status"), exit=(0, 3), env=environment())
        machine.run("backup")


# The service manager

@suite.each(("a path", "{place}/notify.sock"), ("an abstract name", "@hdstest-{pid}"))
def the_service_manager_is_told_how_the_daemon_is_at(_, name):
    machine = Host("notify-" + ("path" if "/" in name else "abstract")).source(schedule="every 5s").ready()
    manager = Manager(name.format(place=place(), pid=os.getpid()))
    with Daemon(machine, "--lang", "fr", env=manager.environment(WATCHDOG_USEC=3_000_000)) as daemon:
        daemon.until(lambda: manager.values("READY"), "READY")
        expect_equal(manager.values("MAINPID"), [str(daemon.pid)], "MAINPID")
        expect(manager.values("STATUS")[0], "no STATUS with READY")
        time.sleep(9)
        times = manager.times("WATCHDOG")
        gaps = [after - before for before, after in zip(times, times[1:])]
        expect(gaps and max(gaps) <= 1.9, f"seconds from one WATCHDOG to the next, where 3 are too many: {max(gaps, default=None)}")
        expect(any("backup" in line for line in manager.values("STATUS")), f"no STATUS names a run: {manager.values('STATUS')}")
        before = time.clock_gettime(time.CLOCK_MONOTONIC)
        del manager.told[:]
        daemon.signal(signal.SIGHUP)
        daemon.until(lambda: manager.values("READY"), "READY after SIGHUP")
        order = [key for _, fields in manager.told for key in fields if key in ("RELOADING", "READY")]
        expect_equal(order, ["RELOADING", "READY"], "the order")
        moment = int(manager.values("MONOTONIC_USEC")[0]) / 1e6
        expect(before <= moment <= time.clock_gettime(time.CLOCK_MONOTONIC), f"MONOTONIC_USEC is {moment}, which is no moment of the reload")
        time.sleep(2)
        expect(all(manager.values("STATUS")), f"STATUS was emptied by a reload: {manager.values('STATUS')}")
        daemon.stop()
        until(lambda: manager.values("STOPPING"), "STOPPING is told", 5)
        expect(int(manager.values("EXTEND_TIMEOUT_USEC")[0]) >= 60e6, "it asks for less time than it may take")


@suite.test
def a_main_loop_that_hangs_gives_no_sign_of_life():
    """One thread alone is stopped, as ptrace(2) can."""
    machine = Host("hangs").source().ready()
    manager = Manager(f"@hdstest-hang-{os.getpid()}")
    with Daemon(machine, env=manager.environment(WATCHDOG_USEC=3_000_000)) as daemon:
        daemon.until(lambda: len(manager.values("WATCHDOG")) > 2, "signs of life")
        wait_for_calm(daemon)
        engines = [int(task.name) for task in pathlib.Path(f"/proc/{daemon.pid}/task").iterdir() if (task / "comm").read_text().strip() == "engine"]
        expect_equal(len(engines), 1, "threads of the main loop")
        with frozen(engines[0]):
            time.sleep(0.5)
            count = len(manager.values("WATCHDOG"))
            time.sleep(6)
            expect_equal(len(manager.values("WATCHDOG")), count, "signs of life of a loop that hangs")
        daemon.until(lambda: len(manager.values("WATCHDOG")) > count, "signs of life once it goes on")


@contextlib.contextmanager
def frozen(thread):
    """Stops one thread of another process meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    seize, interrupt, detach = 0x4206, 0x4207, 17
    if libc.ptrace(seize, thread, None, None) != 0:
        raise Skip(f"ptrace is not allowed here: {os.strerror(ctypes.get_errno())}")
    libc.ptrace(interrupt, thread, None, None)
    os.waitpid(thread, 0x40000000)  # __WALL
    try:
        yield
    finally:
        libc.ptrace(detach, thread, None, None)


# Alerts

def telling_hook(machine):
    """A command for alerts that keeps what it gets."""
    folder = machine.root / "told"
    folder.mkdir()
    script = machine.root / "tell.sh"
    script.write_text(f'name=$(mktemp {folder}/.XXXXXX)\ncat > "$name"\nprintf %s "$1" > "$name.subject"\nmv "$name" "$name.json"\n')
    machine.settings.setdefault("alert", {})["command"] = ["sh", script]
    return folder


def notices(folder):
    """(event, key) of each notice that the command got, in order of time."""
    tellings = sorted((json.loads(file.read_text()) for file in folder.glob(".*.json")), key=lambda telling: telling["time"])
    return [(notice["event"], notice["key"]) for telling in tellings for notice in telling["notices"]]


@suite.test
def a_failing_source_is_told_once_by_each_channel_and_so_is_its_recovery():
    machine = Host("alerts", sites=("paris", "lille"))
    folder = telling_hook(machine)
    switch = machine.root / "works"
    machine.source("base", command=["sh", "-c", f"test -e {switch} && echo données"], schedule="every 5s")
    machine.init()
    secret = "secret du crochet"
    (machine.keys / "crochet").write_text(secret + "\n")
    (machine.keys / "crochet").chmod(0o600)
    with MailServer() as mail, WebServer() as web:
        machine.settings["alert"] |= {"mail": "astreinte@chu-exemple.fr", "smtp": f"127.0.0.1:{mail.port}", "from": "noeud@chu-exemple.fr",
                                      "webhook": web.address("/alerte?jeton=abc"), "webhook_secret": "crochet"}
        machine.write()
        with Daemon(machine, "--lang", "fr") as daemon:
            key = "backup-failed:chu-essai/base"
            daemon.until(lambda: ("raised", key) in notices(folder) and mail.texts and web.requests, "it is told by each channel")
            expect(key in daemon.alerts(), "status does not show it")
            expect(machine.run("status", exit=None).exit != 0, "status says that all is well")
            count = len(machine.runs())
            daemon.until(lambda: len(machine.runs()) >= count + 3, "three more failures")
            expect_equal([each for each in notices(folder) if each == ("raised", key)], [("raised", key)], "how often it was told")
            switch.touch()
            daemon.until(lambda: ("cleared", key) in notices(folder), "its recovery is told")
            daemon.until(lambda: key not in daemon.alerts() and not machine.rows("SELECT * FROM message"), "all is told and over")
            expect_equal([each for each in notices(folder) if each[1] == key], [("raised", key), ("cleared", key)], "all that was told")
            expect(any(past["key"] == key for past in daemon.overview()["past"]), "it is not among the past ones")
            machine.run("status", exit=0)
    [first] = [telling for telling in map(json.loads, (file.read_text() for file in folder.glob(".*.json")))
               if ("raised", key) in ((notice["event"], notice["key"]) for notice in telling["notices"])]
    expect_equal(first["node"], machine.settings["node"]["name"], "the node")
    expect_in("base", first["notices"][0]["text"], "the text")
    [first, *_] = mail.messages
    expect_equal((first["From"], first["To"], first["Content-Type"], first["Auto-Submitted"]),
                 ("<noeud@chu-exemple.fr>", "<astreinte@chu-exemple.fr>", "text/plain; charset=utf-8", "auto-generated"), "headers of the mail")
    expect(first["Date"] and first["Message-ID"], "the mail has no date or no id")
    expect(all(len(line) <= 998 and line.isascii() for line in mail.texts[0].decode().splitlines()), "a line of the mail is too long or not ASCII")
    expect_in(machine.settings["node"]["name"], first.subject, "the subject")
    expect_in("la sauvegarde échoue", first.body, "the body")
    expect("command failed" not in first.body, f"the body is not in French alone: {first.body}")
    expect_in("RCPT TO:<astreinte@chu-exemple.fr>", "\n".join(mail.envelopes[0]), "the envelope")
    for _, method, path, headers, body in web.requests:
        expect_equal((method, path), ("POST", "/alerte?jeton=abc"), "the request to the webhook")
        expect_signed({key.lower(): value for key, value in headers.items()}, body, secret)
    expect("abc" not in daemon.log and secret not in daemon.log, "the log shows a secret of the webhook")
    events = [notice["event"] for _, _, _, _, body in web.requests for notice in json.loads(body)["notices"] if notice["key"] == key]
    expect_equal(events, ["raised", "cleared"], "what the webhook got")


def expect_signed(headers, body, secret):
    fields = dict(part.split("=") for part in headers["x-hdsbackup-signature"].split(","))
    wanted = hmac.new(secret.encode(), f"{fields['t']}.".encode() + body, hashlib.sha256).hexdigest()
    expect_equal(fields["v1"], wanted, "the signature")
    expect(abs(int(fields["t"]) - time.time()) < 300, "the time of the signature")


@suite.test
def an_alert_that_does_not_arrive_waits_and_is_tried_again_also_after_a_kill():
    machine = Host("retried").source("base", command=["false"], schedule="every 1h")
    with WebServer(500, 503) as web:
        machine.settings["alert"] = {"webhook": web.address("/")}
        machine.ready()
        def waiting():
            return [each for each in machine.rows("SELECT * FROM message") if each["attempts"] > 0]
        with Daemon(machine) as daemon:
            [message] = daemon.until(waiting, "a message that was tried")
            now = time.time()
            expect(now + 10 <= message["not_before"] <= now + 31, f"it is tried again at {message['not_before']} - {now:.0f}")
            daemon.kill()
        with Daemon(machine) as daemon:
            daemon.until(lambda: len(web.requests) >= 2, "the second try")
            [message] = daemon.until(lambda: [each for each in waiting() if each["attempts"] == 2], "the second failure is noted")
            expect(message["not_before"] - time.time() > 45, "the second wait is no longer than the first")
        first, second = web.requests[:2]
        expect(second[0] - first[0] >= 25, "it was tried again too soon")
        expect_equal(json.loads(second[4]), json.loads(first[4]), "what was sent again")


@suite.test
def a_site_that_is_away_is_told_and_so_is_its_return():
    machine = Host("site-away", sites=("paris", "lille"))
    folder = telling_hook(machine)
    machine.source(schedule="every 5s").ready()
    key = "site-failing:chu-essai/lille"
    with Daemon(machine) as daemon:
        wait_for_calm_once(daemon, machine)
        with moved(machine.site("lille")):
            daemon.until(lambda: ("raised", key) in notices(folder), "it is told")
            [site] = [site for site in daemon.overview()["tenants"][0]["sites"] if site["name"] == "lille"]
            expect(site["is_reachable"] is False and site["failing_since"], f"what is known of the site: {site}")
            count = len(machine.runs())
            daemon.until(lambda: len(machine.runs()) >= count + 2, "backups go on")
            expect_in("lille", machine.run("status", exit=6).out)
        daemon.until(lambda: ("cleared", key) in notices(folder), "its return is told")
        daemon.until(lambda: is_level(daemon), "both sites have all snapshots", 90)
        expect_equal([each for each in notices(folder) if each[1] == key], [("raised", key), ("cleared", key)], "all that was told of the site")
        daemon.stop()
    machine.run("replicate")
    expect_equal(machine.ids("--site", "lille"), machine.ids("--site", "paris"), "snapshots at both sites")


def wait_for_calm_once(daemon, machine):
    """A first backup, and a look at the sites afterwards."""
    daemon.until(lambda: machine.good_runs() and machine.good_runs("probe"), "a backup and a probe")


@contextlib.contextmanager
def moved(folder):
    away = folder.with_name(folder.name + ".away")
    folder.rename(away)
    try:
        yield
    finally:
        expect(not folder.exists(), f"{folder.name} was made again")
        away.rename(folder)


def is_level(daemon):
    [tenant] = daemon.overview()["tenants"]
    return len({site["snapshots"] for site in tenant["sites"]}) == 1 and all(site["lacks"] == 0 for site in tenant["sites"])


@suite.test
def paths_that_vanish_are_told_and_their_return_ends_it():
    machine = Host("vanish")
    folder = telling_hook(machine)
    (machine.root / "other").mkdir()
    machine.add_source("dpi", machine.folder, machine.root / "other", schedule="every 5s").ready()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "a backup")
        with moved(machine.root / "other"):
            daemon.until(lambda: [each for each in notices(folder) if each[0] == "raised" and each[1].startswith("backup-")], "it is told")
        daemon.until(lambda: not [key for key in daemon.alerts() if key.startswith("backup-")], "it is over")
        raised = [key for event, key in notices(folder) if event == "raised"]
        expect_equal(len(raised), len(set(raised)), f"what was told twice of {raised}")
        daemon.until(lambda: {("cleared", key) for key in raised} <= set(notices(folder)), "the end is told")


@suite.test
def the_heartbeat_arrives_and_stops_with_the_daemon():
    machine = Host("heartbeat").source()
    with WebServer() as web:
        machine.settings["alert"] = {"heartbeat": web.address("/beat"), "heartbeat_every": "1s"}
        machine.ready()
        with Daemon(machine) as daemon:
            daemon.until(lambda: len(web.requests) >= 4, "four beats")
            expect_equal({(method, path) for _, method, path, _, _ in web.requests}, {("GET", "/beat")}, "the requests")
            times = [at for at, *_ in web.requests]
            expect(max(after - before for before, after in zip(times, times[1:])) < 3, f"the pace: {times}")
            daemon.signal(signal.SIGSTOP)
            time.sleep(1.5)
            count = len(web.requests)
            time.sleep(2.5)
            expect_equal(len(web.requests), count, "beats of a daemon that hangs")
            daemon.signal(signal.SIGCONT)
            daemon.until(lambda: len(web.requests) > count, "beats once it goes on")
            daemon.kill()
            count = len(web.requests)
            time.sleep(2.5)
            expect(len(web.requests) <= count + 1, "beats after a kill")


# What is unusual

def patients(folder, count=60):
    """Files that compress well."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        patient(folder, number)


def patient(folder, number):
    words = [secrets.choice(("fièvre", "pouls", "tension", "glycémie", "repos", "examen")) for _ in range(6000)]
    (folder / f"patient-{number:03}.txt").write_text(" ".join(words))


def usual_days(machine, daemon, days=4):
    patients(machine.folder)
    (machine.folder / "dossier.txt").unlink()
    for _ in range(days):
        machine.run("backup")
        for number in range(4):
            patient(machine.folder, number)
        time.sleep(1.1)
    expect_equal(machine.rows("SELECT * FROM anomaly"), [], "what is unusual about usual days")
    expect_equal(daemon.alerts(), {}, "alerts of usual days")


def expect_released(machine, daemon, folder):
    """A person looks at each, and then all is calm."""
    numbers = [row["id"] for row in machine.run("anomaly", "list", "--json").json["anomalies"]]
    expect(numbers, "nothing is listed")
    machine.run("anomaly", "release", str(numbers[0]), "--reason", "  ", exit=2)
    machine.run("anomaly", "release", "999", "--reason", "none", exit=2)
    for number in numbers:
        machine.run("anomaly", "release", str(number), "--reason", "migration prévue")
    expect_equal(machine.run("anomaly", "list", "--json").json["anomalies"], [], "what is left")
    released = machine.run("anomaly", "list", "--all", "--json").json["anomalies"]
    expect_equal({(each["reason"], bool(each["released_by"])) for each in released}, {("migration prévue", True)}, "the record of the release")
    daemon.until(lambda: not daemon.alerts(), "the alert is over", 90)
    daemon.until(lambda: any(event == "cleared" for event, _ in notices(folder)), "its end is told", 90)


@suite.test
def files_that_somebody_encrypted_are_told_of_and_hold_up_no_backup():
    machine = Host("encrypted")
    folder = telling_hook(machine)
    machine.source().ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        usual_days(machine, daemon)
        for file in list(machine.folder.iterdir()):
            file.with_name(file.name + ".locked").write_bytes(secrets.token_bytes(file.stat().st_size))
            file.unlink()
        machine.run("backup")
        kinds = {each["kind"] for each in daemon.until(lambda: machine.rows("SELECT * FROM anomaly"), "it is noted")}
        expect({"incompressible", "extensions"} <= kinds, f"kinds of what is unusual: {kinds}")
        daemon.until(lambda: any(event == "raised" and key.startswith("anomaly:chu-essai/dpi#") for event, key in notices(folder)), "it is told")
        for lang, word in (("fr", "locked"), ("en", "locked")):
            expect_in(word, machine.run("anomaly", "list", "--lang", lang).out)
        [source] = daemon.overview()["tenants"][0]["sources"]
        expect(source["anomalies"] and source["last"], "status does not show it")
        machine.run("status", exit=3)
        machine.run("backup")
        expect_equal(len(machine.ids()), 6, "snapshots: nothing was held up")
        expect_released(machine, daemon, folder)


@suite.test
def a_folder_that_was_emptied_is_told_of():
    machine = Host("emptied")
    folder = telling_hook(machine)
    machine.source().ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        usual_days(machine, daemon, 2)
        for file in machine.folder.iterdir():
            file.unlink()
        machine.run("backup")
        found = daemon.until(lambda: machine.rows("SELECT * FROM anomaly"), "it is noted")
        expect_equal([each["kind"] for each in found], ["files"], "what is unusual")
        expect_released(machine, daemon, folder)


# Logs and the dashboard's port

MARK = "zorglub"


def secret_machine(name, **more):
    """Its files, folders and commands bear a word that must be seen nowhere."""
    machine = Host(name, sites=("paris", "lille"), **more)
    source = machine.root / f"dossier-{MARK}"
    source.mkdir()
    for number in range(4):
        (source / f"{MARK}-{number}.txt").write_text(MARK)
    machine.add_source("dpi", source, machine.root / f"absent-{MARK}", schedule="every 5s")
    machine.add_source("base", command=["sh", "-c", f"echo {MARK} >&2; exit 1"], schedule="every 5s")
    machine.add_source("hook", source, before=["sh", "-c", f": {MARK}; exit 7"], schedule="every 5s")
    machine.add_source("other", source, schedule="every 5s")
    machine.tenant_settings["policy"] = {"verify": {"scrub": "30s"}}
    return machine.ready()


@suite.each("journal", "json")
def logs_have_a_line_a_run_and_show_nothing_of_what_is_backed_up(form):
    port = free_port()
    machine = secret_machine(f"logs-{form}", listen=f"127.0.0.1:{port}")
    (machine.root / f"dossier-{MARK}" / f"{MARK}-device").symlink_to("/nowhere")
    with Daemon(machine, "--log-format", form) as daemon:
        for subject in ("dpi", "base", "hook", "other"):
            daemon.until(lambda: len(machine.runs(subject=subject)) >= 2, f"two backups of {subject}")
        pages = {path: get(port, path)[2] for path in ("/healthz", "/", "/metrics")}
        status = machine.run("status", exit=None)
        daemon.stop()
    lines = daemon.log.splitlines()
    if form == "json":
        events = [json.loads(line) for line in lines]
        expect(all({"time", "level", "message", "fields"} <= set(event) for event in events), "a line lacks something")
        ended = [event["fields"] for event in events if event["message"] == "run ended"]
        levels = {event["level"] for event in events}
        expect(levels <= {"info", "notice", "warning", "error"}, f"levels: {levels}")
    else:
        expect(all(re.match(r"<[2-6]>\S", line) for line in lines), f"a line has no priority:\n{indented(daemon.log)}")
        ended = [dict(re.findall(r"(\w+)=(\"[^\"]*\"|\S+)", line)) for line in lines if "run ended" in line]
    numbers = [int(fields["run"]) for fields in ended]
    expect_equal(len(numbers), len(set(numbers)), "lines of one run")
    kept = [run["id"] for run in machine.rows("SELECT id FROM run WHERE ended IS NOT NULL AND kind <> 'observe'")]
    expect(set(kept) <= set(numbers), f"runs without a line: {set(kept) - set(numbers)}")
    keys = [line for file in machine.keys.rglob("*") if file.is_file() for line in [file.read_bytes()] if len(line) >= 16]
    for what, text in [("the log", daemon.log), ("status", status.all), *pages.items()]:
        expect(MARK not in text, f"{what} shows what is backed up:\n{indented(chr(10).join(line for line in text.splitlines() if MARK in line))}")
        expect(not any(key.hex() in text or base64.b64encode(key).decode() in text for key in keys), f"{what} shows a key")


def get(port, path, host=None, method="GET"):
    """Status, headers and body that the dashboard's port answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.putrequest(method, path, skip_host=True)
        if host is not False:
            connection.putheader("Host", f"127.0.0.1:{port}" if host is None else host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace")


@suite.test
def the_dashboards_port_hears_its_own_names_and_get_alone():
    port = free_port()
    machine = Host("port", listen=f"127.0.0.1:{port}").source().ready()
    with Daemon(machine):
        for host in (None, f"localhost:{port}", "localhost", f"[::1]:{port}", "127.0.0.1"):
            expect_equal(get(port, "/healthz", host)[0], 200, f"answer to {host}")
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "169.254.169.254", "", False):
            expect(get(port, "/healthz", host)[0] in (400, 421), f"answer to {host!r}: {get(port, '/healthz', host)[0]}")
        expect_equal(get(port, "/healthz", "evil.example")[0], 421, "answer to a name of somebody else's")
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
            for path in ("/healthz", "/", "/v1/runs", "/v1/reload", "/v1/status"):
                status = get(port, path, method=method)[0]
                expect(status in (400, 403, 404, 405, 501), f"{method} {path} is answered with {status}")
        for path in ("/v1/status", "/v1/runs/1/log"):
            expect_equal(get(port, path)[0], 404, f"answer to {path}: that is the control socket's")
        status, headers, body = get(port, "/healthz")
        expect_equal((status, body), (200, "ok\n"), "health")
        expect_equal({key.lower(): value for key, value in headers.items()}.get("x-content-type-options"), "nosniff", "a header")


@suite.test
def without_an_address_no_port_is_opened():
    machine = Host("no-port").source().ready()
    with Daemon(machine) as daemon:
        wait_for_calm(daemon)
        inodes = {os.readlink(link) for link in pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir() if link.is_symlink()}
        listening = [line.split() for name in ("tcp", "tcp6", "udp", "udp6") for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
        expect_equal([fields[1] for fields in listening if f"socket:[{fields[9]}]" in inodes], [], "addresses that it has a socket at")


# Sites

@suite.test
def a_disk_in_the_safe_is_no_trouble_and_is_brought_level_when_it_is_back():
    machine = Host("safe", sites=("paris", "coffre"))
    machine.settings["site.coffre"]["offline"] = True
    folder = telling_hook(machine)
    machine.source(schedule="every 5s").ready()
    with Daemon(machine) as daemon:
        wait_for_calm_once(daemon, machine)
        with moved(machine.site("coffre")):
            count = len(machine.runs())
            daemon.until(lambda: len(machine.runs()) >= count + 3, "three more backups")
            expect_equal({run["exit"] for run in machine.runs()[-2:]}, {0}, "exit statuses of backups meanwhile")
            machine.run("backup", exit=0)
            expect_equal(daemon.alerts(), {}, "alerts")
            machine.run("status", exit=0)
        daemon.until(lambda: is_level(daemon), "the disk has all snapshots", 90)
    expect_equal(notices(folder), [], "what was told")


@suite.test
def a_damaged_pack_is_found_healed_from_the_other_site_and_calm_is_back():
    machine = Host("healed", sites=("paris", "lille"))
    folder = telling_hook(machine)
    (machine.folder / "scanner").write_bytes(secrets.token_bytes(3 << 20))
    machine.tenant_settings["policy"] = {"verify": {"scrub": "30s"}}
    machine.source(schedule="every 1h").ready()
    with Daemon(machine) as daemon:
        daemon.until(machine.good_runs, "a backup")
        wait_for_calm_once(daemon, machine)
        packs = machine.objects("lille", "packs")
        path = machine.prefix("lille") / max(packs, key=packs.get)
        good = path.read_bytes()
        path.write_bytes(good[:1000] + bytes([good[1000] ^ 1]) + good[1001:])
        key = "damage:chu-essai/lille"
        daemon.until(lambda: ("raised", key) in notices(folder), "the damage is found and told", 90)
        daemon.until(lambda: ("cleared", key) in notices(folder), "it is healed and told", 90)
        # Nothing is overwritten: another pack has the bytes now, and the damaged one counts no more.
        count = len(machine.runs("verify", "lille"))
        daemon.until(lambda: len(machine.runs("verify", "lille")) >= count + 3, "three more verifications")
        expect_equal(daemon.alerts(), {}, "alerts afterwards")
        machine.run("status", exit=0)
        daemon.stop()
    machine.run("verify", "--read", "all", "--open")
    expect_restores(machine, "dpi@latest", machine.folder, None, "--site", "lille")


daemon_program()  # before there are threads: a program that is being copied cannot be run by them
suite.main(at_once=AT_ONCE)
