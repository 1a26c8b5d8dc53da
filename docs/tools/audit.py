#!/usr/bin/env python3
"""Writes docs/AUDIT.md from docs/audit/requirements.json.

    docs/tools/audit.py           writes it
    docs/tools/audit.py --check   says whether it is what would be written (status 1 where it is not)
"""
import json
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent
DATA, PAGE = DOCS / "audit" / "requirements.json", DOCS / "AUDIT.md"
STATES = ("covered", "partly", "not covered")


def read():
    return json.loads(DATA.read_text("utf-8"))


def rows(data):
    return [row for chapter in data["chapters"] for row in chapter["rows"]]


def steps(data):
    """{id: (scene, step)} in the order of the walk."""
    return {f"{scene['id']}.{step['id']}": (scene, step) for scene in data["walk"] for step in scene["steps"]}


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def code(text):
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def anchor(title):
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -_")
    return "#" + kept.replace(" ", "-")


def count(rows, state):
    return sum(row["state"] == state for row in rows)


def table(heads, lines):
    yield "| " + " | ".join(heads) + " |"
    yield "| " + " | ".join("---" for _ in heads) + " |"
    for line in lines:
        yield "| " + " | ".join(cell(each) for each in line) + " |"
    yield ""


def shown_by(row, walk):
    """What an auditor does to see it."""
    parts, outputs = [], {}
    for each in row.get("commands", []):
        outputs.setdefault(each["step"], []).append(code(each["output"]))
    for name, found in outputs.items():
        scene, step = walk[name]
        parts.append(f"{code(step['run'])} ([{name}]({anchor(title(scene))})): {', '.join(found)}")
    tests = [code(each) for each in row.get("tests", [])]
    if tests:
        parts.append(("test " if len(tests) == 1 else "tests ") + ", ".join(tests))
    if "reason" in row:
        parts.append(row["reason"])
    return "<br>".join(parts) or "–"


def lacking(row):
    """What is lacking, and the commands that would show it if there were any."""
    missing = " or ".join(code(each) for each in row.get("missing", []))
    return row.get("lacking", "–") + (f"; there is no command {missing}" if missing else "")


def title(scene):
    return f"{scene['id']}: {scene['title']}"


def page(data):
    every, walk = rows(data), steps(data)
    yield "# An auditor's walk"
    yield ""
    yield "<!-- Written by docs/tools/audit.py from docs/audit/requirements.json: change that file, and run it. -->"
    yield ""
    yield from data["introduction"]
    yield ""
    yield "## Where it stands"
    yield ""
    lines = []
    for chapter in data["chapters"]:
        lines.append((f"[{chapter['title']}]({anchor(chapter['title'])})", str(len(chapter["rows"])),
                      *(str(count(chapter["rows"], state)) for state in STATES)))
    lines.append(("**all**", str(len(every)), *(str(count(every, state)) for state in STATES)))
    first = [row for row in every if row.get("priority") == "A"]
    lines.append(("of these, priority A", str(len(first)), *(str(count(first, state)) for state in STATES)))
    yield from table(("chapter", "rows", *STATES), lines)
    yield "## The walk"
    yield ""
    yield from data["how"]
    yield ""
    for scene in data["walk"]:
        yield f"### {title(scene)}"
        yield ""
        yield scene["text"]
        yield ""
        lines = []
        for step in scene["steps"]:
            name = f"{scene['id']}.{step['id']}"
            used = [row["id"] for row in every if any(each["step"] == name for each in row.get("commands", []))]
            lines.append((name, code(step["run"]), str(step["exit"]), step["shows"], ", ".join(used) or "prepares the next"))
        yield from table(("step", "command", "status", "what it shows", "for"), lines)
    for chapter in data["chapters"]:
        yield f"## {chapter['title']}"
        yield ""
        if "text" in chapter:
            yield chapter["text"]
            yield ""
        lines = [(row["id"], row["clause"], row["requirement"], row["check"], row.get("priority", "–"), f"**{row['state']}**",
                  shown_by(row, walk), lacking(row)) for row in chapter["rows"]]
        yield from table(("id", "source", "requirement", "auditor's check", "P", "state", "shown by", "what is lacking"), lines)
    for name, state in (("Partly covered", "partly"), ("Not covered", "not covered")):
        chosen = [row for row in every if row["state"] == state]
        yield f"## {name}"
        yield ""
        yield f"{len(chosen)} of {len(every)} rows, {sum(row.get('priority') == 'A' for row in chosen)} of them of priority A."
        yield ""
        yield from table(("id", "P", "requirement", "what is lacking"),
                         [(row["id"], row.get("priority", "–"), row["requirement"], lacking(row)) for row in chosen])
    yield "## Clauses of the report's matrix"
    yield ""
    yield ("The report of a tenant closes with a matrix of clauses (`etc/report/clauses.json`). The rows above that speak of each; the state is the least of theirs.")
    yield ""
    matrix = json.loads((DOCS.parent / "etc" / "report" / "clauses.json").read_text("utf-8"))["clauses"]
    lines = []
    for clause in matrix:
        of = [row for row in every if clause["id"] in row.get("clauses", [])]
        worst = max((STATES.index(row["state"]) for row in of), default=None)
        lines.append((clause["id"], clause["title"]["en"], ", ".join(row["id"] for row in of) or data["clauses_without_row"].get(clause["id"], "–"),
                      "–" if worst is None else STATES[worst]))
    yield from table(("clause", "subject", "rows", "state"), lines)


def text(data):
    return "\n".join(page(data)).rstrip("\n") + "\n"


def main():
    wanted = text(read())
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text("utf-8") != wanted:
            sys.exit("docs/AUDIT.md is not what docs/tools/audit.py writes: run it")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        PAGE.write_text(wanted, "utf-8")


if __name__ == "__main__":
    main()
