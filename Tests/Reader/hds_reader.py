#!/usr/bin/env python3
"""Reads backups by docs/FORMAT.md alone, without the program that made them.

    hds_reader.py --kit KIT.txt --site FOLDER list
    hds_reader.py --kit KIT.txt --site FOLDER ls SNAPSHOT
    hds_reader.py --kit KIT.txt --site FOLDER extract SNAPSHOT TARGET
    hds_reader.py --kit KIT.txt --site FOLDER verify
    hds_reader.py --kit KIT.txt --site FOLDER journal [--keys FOLDER] [--head HEAD]... [--entries] [--to TARGET]

FOLDER is the site's own, the one that holds the tenant's prefix. SNAPSHOT is an id or its first digits. TARGET is a
folder that is empty or not there yet. Problems go to standard error, one a line.

`journal` opens the sealed segments of the ledgers, verifies chains and signatures, and lists them. Public keys are those
of the descriptors; --keys adds a folder of others (<key id>.pub, of machines that no descriptor names). HEAD is
<chain>:<count>:<hash> as somebody wrote it down. --entries prints the entries that verify as JSON, one a line, on standard output
and the list on standard error. --to writes it all as an export, in clear: entries name persons and paths.

Exit status: 0 all that was asked for; 2 wrong usage; 4 something is damaged or missing; 5 of another tenant, or
refused; 6 the site does not answer; 7 another key opens it; 8 a newer format. `extract` gives 0 if everything was
brought back, whatever else it met on the way; the others answer for all that they met.
"""
import argparse
import datetime
import signal
import sys

from hdsreader import tree
from hdsreader.extract import Extraction, printable
from hdsreader.keys import Kit
from hdsreader.problems import Problem, Report, Usage
from hdsreader.repository import Repository
from hdsreader.verify import Verification

LETTERS = {tree.FILE: "-", tree.FOLDER: "d", tree.SYMLINK: "l", tree.FIFO: "p", tree.SOCKET: "s",
           tree.CHARACTER: "c", tree.BLOCK: "b"}


def moment(seconds):
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError):
        return f"@{seconds}"


def list_snapshots(repository, _):
    for snapshot in repository.snapshots():
        outline, source = snapshot.outline, printable(snapshot.labels.source.encode())
        print(snapshot.id.hex(), moment(outline.started.seconds), source, outline.files, outline.size,
              "complete" if outline.complete else "incomplete")


def list_entries(repository, options):
    for entry in repository.entries(repository.snapshot(options.snapshot)):
        line = (f"{LETTERS[entry.kind]}{entry.mode:04o} {entry.user.number}:{entry.group.number} {entry.size}"
                f" {moment(entry.seconds)} {printable(entry.path) or '/'}")
        print(line + (f" -> {printable(entry.target)}" if entry.target else ""))


def extract(repository, options):
    failed = Extraction(repository, repository.snapshot(options.snapshot), options.target).run()
    if failed:
        print(f"{failed} not brought back, or not wholly", file=sys.stderr)
    else:
        repository.report.problems.clear()  # printed already; nothing is missing


def verify(repository, _):
    objects, snapshots = Verification(repository).run()
    print(f"{objects} objects, {snapshots} snapshots, {len(repository.report.problems)} problems")


def journal(repository, options):
    from hdsreader.journal import Journal, head  # it needs a file of docs/tools, which the other commands do not
    found = Journal(repository, options.keys, [head(text) for text in options.head])
    for row in found.rows():
        print(row, file=sys.stderr if options.entries else sys.stdout)
    if options.entries:
        for line in found.entries():
            print(line)
    if options.to:
        found.export(options.to)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kit", required=True, help="file with the recovery kit")
    parser.add_argument("--site", required=True, help="the site's folder")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, act, positional in (("list", list_snapshots, []), ("ls", list_entries, ["snapshot"]),
                                  ("extract", extract, ["snapshot", "target"]), ("verify", verify, [])):
        command = commands.add_parser(name)
        command.set_defaults(act=act)
        for argument in positional:
            command.add_argument(argument)
    command = commands.add_parser("journal")
    command.set_defaults(act=journal)
    command.add_argument("--keys", metavar="FOLDER")
    command.add_argument("--head", metavar="HEAD", action="append", default=[])
    command.add_argument("--entries", action="store_true")
    command.add_argument("--to", metavar="TARGET")
    return parser.parse_args(arguments)


def main(arguments=None):
    options, report = parse(arguments), Report(sys.stderr)
    try:
        try:
            with open(options.kit, encoding="utf-8") as file:
                kit = Kit(file.read())
        except (OSError, UnicodeDecodeError) as error:
            raise Usage(f"{options.kit}: {error}") from None
        options.act(Repository(options.site, kit, report), options)
    except Problem as problem:
        report.add(problem)
    return report.status


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
