#!/usr/bin/env python3
"""A crash under the unit's environment and limits prints frames, and neither prints nor stores memory: there are keys in it, and what
patients' files hold. With the counter-proofs: without what the unit says, registers are printed and cores hold the content."""
import contextlib
import os
import pathlib
import re
import resource
import secrets
import signal
import subprocess
import time

from packaging import UNIT, Skip, directives, environment, installed, need
from sandbox import USER, Sandbox, hindrance
from hdstest import IS_ROOT, Machine, Runner, Suite, expect, expect_in, fixture, fresh

suite = Suite("crashes")
SIGNALS = [(name, getattr(signal, name)) for name in ("SIGSEGV", "SIGILL", "SIGABRT")]
# Where a register's name and value stand, or eight bytes of memory in a row.
DUMP = re.compile(r"^Registers|\b[re][a-ds][xip] 0x|\bx\d+ 0x|\br\d+ 0x|(?:\b[0-9a-f]{2} ){8}", re.M)


@fixture
def node():
    """A machine whose source is a command that prints content, says so, and then takes its time."""
    machine = Machine("crashing", sites=("paris",))
    machine.content = f"DOSSIER-{secrets.token_hex(16)}"
    machine.ready = machine.root / "work" / "ready"
    machine.ready.parent.mkdir()
    text = f"i=0; while [ $i -lt 2000 ]; do echo {machine.content}; i=$((i+1)); done; echo $$ >{machine.ready}; exec sleep 120"
    machine.add_source("base", command=["sh", "-c", text])
    machine.init()
    machine.own = [machine.keys, machine.state, machine.root / "sites", machine.ready.parent]
    machine.state.mkdir(exist_ok=True)
    if IS_ROOT:
        Runner.run(["chown", "-R", USER, *machine.own])
    return machine


def program():
    return installed() / "usr/bin/hdsbackup"


def backtracer():
    """None where the program holds its Swift runtime: then nothing is printed in any case."""
    found = installed() / "usr/lib/hdsbackup/backtrace/swift-backtrace"
    return found if found.exists() else None


def crash(words, number, *, env, folder, before=None):
    """What a backup says that is ended by a signal in the midst of its content, and the cores it left."""
    machine = node()
    machine.ready.unlink(missing_ok=True)
    with open(folder / "stderr", "w+b") as file:
        process = subprocess.Popen(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, preexec_fn=before)
        try:
            wait_until(lambda: machine.ready.exists() and machine.ready.read_text().strip() or process.poll() is not None, "the content")
            expect(process.poll() is None, "the backup ended before: " + (folder / "stderr").read_text("utf-8", "replace"))
            process.send_signal(number)
            # A signal from outside is not an instruction that faults again: after the frames the program goes on, and another signal,
            # not caught any more, ends it. One that comes while the handler is still at work may be lost in it.
            with contextlib.suppress(AssertionError):
                wait_until(lambda: b"Backtrace took" in (folder / "stderr").read_bytes() or process.poll() is not None, "the frames", 20)
            for _ in range(5):
                process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(ProcessLookupError, FileNotFoundError, ValueError):
                os.kill(int(machine.ready.read_text()), signal.SIGKILL)
    return (folder / "stderr").read_text("utf-8", "replace"), [each for each in folder.iterdir() if each.name.startswith("core")]


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < end, f"waited for {what}")
        time.sleep(0.05)


def work():
    folder = fresh("work")
    folder.mkdir()
    os.chmod(folder, 0o777)
    return folder


def words(*more):
    return [program(), "backup", *more, "--config", node().config]


def plain(**changes):
    """The variables of a command by hand."""
    return node().environment(LD_LIBRARY_PATH=None, **changes)


# What the unit says

@suite.each(*SIGNALS)
def a_crash_under_the_unit_shows_frames_and_no_memory(name, number):
    need("systemd-analyze", "unshare", "setpriv")
    folder, sandbox = work(), Sandbox(directives(UNIT))
    # Without namespaces, the part of it that a crash can tell: limits, system calls, memory.
    confined = sandbox.confined(words()) if hindrance() else sandbox.words(words(), [folder, *node().own])
    said, cores = crash(confined, number, env=plain(**sandbox.environment(backtracer())), folder=folder)
    expect(not DUMP.search(said), f"registers or memory:\n{said}")
    expect(node().content not in said, f"the content:\n{said}")
    expect(not cores, f"a core: {cores}")
    if backtracer():
        expect_in("crashed", said, "the output: no frames?")
        expect_in(" in hdsbackup", said, "the frames")


@suite.test
def an_installed_program_that_nobody_gave_settings_prints_nothing():
    said, _ = crash(words(), signal.SIGSEGV, env=plain(), folder=work(), before=no_core)
    expect(not DUMP.search(said) and "swift runtime" not in said, said)


@suite.test
def the_unit_asks_for_both_and_for_no_swap():
    unit = directives(UNIT)
    for name, value in (("LimitCORE", "0"), ("CoredumpFilter", "0x0"), ("MemorySwapMax", "0")):
        expect(unit[name] == [value], f"{name}={unit[name]}")
    settings = Sandbox(unit).environment("")["SWIFT_BACKTRACE"].split(",")
    expect({"registers=none", "images=none"} <= set(settings), f"SWIFT_BACKTRACE={settings}")


# So that the tests above can fail

@suite.test
def without_the_units_settings_registers_and_memory_are_printed():
    if not backtracer():
        raise Skip("this program holds its Swift runtime, and prints no frames at all")
    said, _ = crash(words(), signal.SIGSEGV, env=plain(SWIFT_BACKTRACE=f"swift-backtrace={backtracer()}"), folder=work(), before=no_core)
    expect(DUMP.search(said), f"no registers:\n{said}")


@suite.test
def without_the_units_limits_a_core_holds_the_content():
    expect(node().content in core(0x33), "the core does not hold the content")


@suite.test
def a_core_that_is_made_in_spite_of_the_limit_holds_no_memory():
    """core(5): a pattern that begins with a pipe passes the limit over."""
    mask = int(directives(UNIT)["CoredumpFilter"][-1], 16)
    expect(node().content not in core(mask), "the core holds the content")


def core(mask):
    """What is in the core of a crash with no limit and this filter."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")):
        raise Skip(f"cores of this machine go to {pattern}")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        raise Skip("cores are limited on this machine")

    def before():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        pathlib.Path("/proc/self/coredump_filter").write_text(hex(mask))
    _, cores = crash(words(), signal.SIGSEGV, env=plain(SWIFT_BACKTRACE="enable=no"), folder=work(), before=before)
    expect(len(cores) == 1, f"cores: {cores}")
    found = Runner.run(["strings", cores[0]], env=environment()).out
    cores[0].unlink()
    return found


def no_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


suite.main()
