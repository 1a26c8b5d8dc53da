#!/usr/bin/env python3
"""Checks the model of the collection protocol (collection.pml, docs/MODEL.md) with spin.

    Tests/Model/check.py            every scope, some minutes
    Tests/Model/check.py --quick    the small scopes, every rule and every goal: below three minutes
    Tests/Model/check.py NAME...    these alone

Three kinds of runs. A *scope* is the whole protocol with a bounded number of actors: no violation may be found, and those that
are said to be complete must be searched to the end. A *rule* is taken away: its hole must be found, else the model would not
notice if the rule were missing. A *goal* is a state that must be reached, so that scopes do not hold for want of events.
Exits with 1 when anything is not as expected."""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).resolve().parent / "collection.pml"
MEMORY_MIB = int(os.environ.get("MODEL_MEMORY_MIB", "5000"))


@dataclass
class Run:
    name: str
    what: str
    flags: str
    kind: str = "scope"
    quick: bool = True
    complete: bool = True   # a scope: whether it must be searched to the end
    seconds: int = 300      # a scope is cut then; a rule or a goal has failed
    breadth: bool = True    # a rule or a goal: breadth first, which finds the shortest way but remembers more


def scope(name, what, flags, **more): return Run(name, what, flags, **more)


def rule(number, what, flags, **more):
    switch = f"NO_RULE_{number}" if isinstance(number, int) else "NO_RELIST_BOUND"
    return Run(f"rule {number}", what, f"{flags} -D{switch}", kind="rule", **more)


def goal(number, what, flags, **more): return Run(f"goal {number}", what, f"{flags} -DGOAL={number}", kind="goal", **more)


SCOPES = [
    scope("writer", "writer with a retry, collector, forget, late copy", "-DNS=4 -DMAXG=1 -DW1=2 -DC1=1 -DFORGETS=1 -DDUPS=1"),
    scope("generations", "writer with a retry, two generations, forget", "-DNS=4 -DMAXG=2 -DW1=2 -DC1=2 -DFORGETS=1"),
    scope("collectors", "two collectors, two generations, a spare copy", "-DNS=2 -DRETRIES=0 -DMAXG=2 -DC1=2 -DC2=2 -DHOLDS1=1"),
    scope("rivals", "writer, two collectors, two generations", "-DNS=3 -DRETRIES=0 -DMAXG=2 -DW1=2 -DC1=2 -DC2=1"),
    scope("undo", "writer with a retry, collector, undo, forget", "-DNS=4 -DMAXG=1 -DW1=2 -DC1=1 -DUNDO -DFORGETS=1"),
    scope("two writers", "two writers, collector, a spare copy", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DW2=2 -DC1=1 -DHOLDS1=1"),
    scope("replicator", "writer, replicator, collector", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DREPL=2 -DC1=1"),
    scope("relisting", "the same, unlisted packs listed again", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DREPL=2 -DC1=1 -DHOLDS1=1 -DRELIST"),
    scope("compaction", "writer, compactor, collector", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DCOMPACT=3 -DC1=1"),
    scope("base", "two writers, collector, forget", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DW2=2 -DC1=1 -DFORGETS=1", quick=False),
    scope("late", "as generations, and a late copy, listings reversed", "-DNS=4 -DMAXG=2 -DW1=2 -DC1=2 -DFORGETS=1 -DDUPS=1 -DREVERSE", quick=False),
    scope("pruning", "two writers, two generations, a spare copy", "-DNS=4 -DRETRIES=0 -DMAXG=2 -DW1=2 -DW2=2 -DC1=2 -DHOLDS1=1", quick=False),
    scope("relisting 2", "relisting, two generations", "-DNS=4 -DRETRIES=0 -DMAXG=2 -DW1=2 -DREPL=2 -DC1=2 -DHOLDS1=1 -DRELIST", quick=False),
    # Larger than can be searched to the end: a violation would count, its absence says little.
    scope("cut: compact", "compactor, two collectors, two generations, forget", "-DNS=3 -DRETRIES=0 -DMAXG=2 -DCOMPACT=1 -DC1=2 -DC2=2 -DHOLDS1=1 -DFORGETS=1",
          quick=False, complete=False, seconds=60),
    scope("cut: all", "every actor but undo, six packs, two generations", "-DNS=6 -DRETRIES=0 -DMAXG=2 -DW1=2 -DW2=3 -DREPL=2 -DCOMPACT=3 -DC1=2 -DC2=1 "
          "-DFORGETS=1 -DDUPS=1 -DRELIST", quick=False, complete=False, seconds=60),
]

RULES = [
    rule(1, "condemned/ not listed again", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1"),
    rule(2, "a base need not be marked", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DW2=2 -DC1=1 -DFORGETS=1", breadth=False),
    rule(3, "no suffix in pack keys", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1"),
    rule(4, "deletes on private knowledge", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1 -DUNDO"),
    rule(5, "every segment counts", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DW2=2 -DC1=1 -DHOLDS1=1"),
    rule(6, "no condition on segments of older sessions", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DW2=2 -DC1=1 -DHOLDS1=1"),
    rule(7, "fences pruned at once", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DW2=2 -DC1=1 -DHOLDS1=1"),
    rule(8, "every commit counts", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1 -DFORGETS=1 -DDUPS=1"),
    rule(9, "a stale cache is believed", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1"),
    rule(10, "commits listed before sessions are closed", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1"),
    rule(11, "no second mark", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1"),
    rule(12, "two open generations", "-DNS=2 -DRETRIES=0 -DMAXG=2 -DC1=1 -DC2=1 -DHOLDS1=1"),
    rule("relist", "void packs may be listed again", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DREPL=2 -DC1=1 -DHOLDS1=1 -DRELIST"),
]

GOALS = [
    goal(1, "fenced, deleted, then acknowledged by the next session", "-DNS=4 -DMAXG=1 -DW1=2 -DC1=1"),
    goal(2, "a condemned pack rescued for its writer", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1"),
    goal(3, "a fence pruned while its writer sleeps", "-DNS=3 -DRETRIES=0 -DMAXG=2 -DW1=2 -DC1=2"),
    goal(4, "a forgotten commit back, and void", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DW1=2 -DC1=1 -DFORGETS=1 -DDUPS=1"),
    goal(5, "a compacted copy replaces its source", "-DNS=3 -DRETRIES=0 -DMAXG=1 -DCOMPACT=1 -DC1=1 -DHOLDS1=0"),
    goal(6, "a replicated copy outlives the condemned one", "-DNS=4 -DMAXG=1 -DREPL=2 -DC1=1"),
    goal(7, "a pack listed again by another session", "-DNS=4 -DRETRIES=0 -DMAXG=1 -DW1=2 -DREPL=2 -DC1=1 -DHOLDS1=1 -DRELIST"),
]


@dataclass
class Result:
    states: int = 0
    depth: int = 0
    violated: int = 0   # length of the counter-example
    ended: bool = False  # searched to the end
    seconds: float = 0


def check(run: Run, folder: Path) -> Result:
    folder.mkdir()
    breadth = run.kind != "scope" and run.breadth
    flags = run.flags.split() + (["-DBREADTH"] if breadth else [])
    subprocess.run(["spin", "-a", *flags, str(MODEL)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    options = ["-DSAFETY", "-DVECTORSZ=2048", f"-DMEMLIM={MEMORY_MIB}", *(["-DBFS"] if breadth else ["-DCOLLAPSE"])]
    subprocess.run(["cc", "-O2", "-w", *options, "-o", "pan", "pan.c"], cwd=folder, check=True)
    began = time.monotonic()
    # -E: a process that waits for ever is no error. Any depth: the search is not cut silently.
    pan = subprocess.Popen(["./pan", "-E", "-m1000000"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    cut = False
    try:
        output, _ = pan.communicate(timeout=run.seconds)
    except subprocess.TimeoutExpired:
        cut = True
        pan.send_signal(signal.SIGINT)  # it still prints what it has searched
        output, _ = pan.communicate()
    result = Result(seconds=time.monotonic() - began)
    if found := re.search(r"^\s*([\d.e+]+) states, stored", output, re.M): result.states = int(float(found[1]))
    if found := re.search(r"depth reached (\d+)", output): result.depth = int(found[1])
    if found := re.search(r"assertion violated.*\(at depth (\d+)\)", output): result.violated = int(found[1])
    errors = re.search(r"errors: (\d+)", output)
    if errors is None: raise SystemExit(f"{run.name}: pan failed\n{output}")
    if int(errors[1]) and not result.violated: raise SystemExit(f"{run.name}: pan found another error\n{output}")
    incomplete = "Search not completed" in output or "truncated" in output or "max search depth too small" in output
    result.ended = not cut and not incomplete and not result.violated
    return result


def judge(run: Run, result: Result) -> tuple[bool, str]:
    if run.kind == "scope":
        if result.violated: return False, f"VIOLATED, length {result.violated}"
        if run.complete and not result.ended: return False, "NOT SEARCHED TO THE END"
        return True, "holds"
    if result.violated: return True, f"{'hole found' if run.kind == 'rule' else 'reached'}, length {result.violated}"
    return False, "NOT FOUND"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", metavar="FOLDER", help="keep pan and its trails here")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    for tool in ("spin", "cc"):
        if not shutil.which(tool):
            print(f"{tool} is missing: scripts/install-tools.sh", file=sys.stderr)
            return 1
    runs = [run for run in SCOPES + RULES + GOALS if (run.name in arguments.names if arguments.names else run.quick or not arguments.quick)]
    if not runs:
        print("no such run", file=sys.stderr)
        return 1
    failed = []
    print(f"{'run':<14} {'states':>11} {'depth':>6} {'search':<8} {'s':>6}  result", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(arguments.keep or scratch)
        place.mkdir(parents=True, exist_ok=True)
        for run in runs:
            result = check(run, place / run.name.replace(" ", "-"))
            well, text = judge(run, result)
            search = "complete" if result.ended else "stopped" if result.violated else "cut"
            print(f"{run.name:<14} {result.states:>11,} {result.depth:>6} {search:<8} {result.seconds:>6.1f}  {text} ({run.what})", flush=True)
            if not well: failed.append(run.name)
    if failed: print("Not as expected: " + ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
