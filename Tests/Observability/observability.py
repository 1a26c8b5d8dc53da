#!/usr/bin/env python3
"""Checks that metrics, alert rules, Grafana dashboard and documentation are of one mind.

    Tests/Observability/observability.py [METRICS]

METRICS is an answer of /metrics (default: metrics.prom beside this file, which the Swift tests hold against the program). promtool
is that of scripts/install-observers.sh, or the one that PROMTOOL names.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROMTOOL = os.environ.get("PROMTOOL") or str(ROOT / ".build-observers" / "bin" / "promtool")
RULES = ROOT / "etc" / "prometheus" / "hdsbackup.rules.yml"
GRAFANA = ROOT / "etc" / "grafana" / "hdsbackup.json"
DOCUMENT = ROOT / "docs" / "OBSERVABILITY.md"
SAMPLE = HERE / "metrics.prom"
NAME = re.compile(r"\b(?:hdsbackup_[a-z_]+|process_start_time_seconds)\b")


def exported():
    """Names of families to the names of their labels."""
    families = {}
    for line in SAMPLE.read_text().splitlines():
        if line.startswith("# TYPE "):
            families[line.split()[2]] = set()
        elif not line.startswith("#"):
            name = re.match("[a-z_]+", line)[0]
            families[name] |= set(re.findall(r'[{,]([a-z]+)="', line))
    return families


def promtool(*arguments, **options):
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False, **options)


class Metrics(unittest.TestCase):
    def test_promtool_has_nothing_to_say_of_the_metrics(self):
        result = promtool("check", "metrics", input=SAMPLE.read_text())
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_each_family_has_help_a_type_and_a_value(self):
        text = SAMPLE.read_text()
        for name in exported():
            self.assertEqual(text.count(f"# HELP {name} "), 1)
            self.assertRegex(text, rf"(?m)^{name}[ {{]")


class Rules(unittest.TestCase):
    def test_promtool_takes_the_rules(self):
        result = promtool("check", "rules", RULES)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_the_unit_tests_of_the_rules_pass(self):
        result = promtool("test", "rules", HERE / "rules_test.yml")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_each_metric_of_a_rule_exists(self):
        used = {name for line in RULES.read_text().splitlines() if "alert:" not in line for name in NAME.findall(line)}
        self.assertTrue(used)
        self.assertLessEqual(used, set(exported()))

    def test_each_alert_has_a_wait_a_severity_what_it_is_and_what_to_do_and_is_tested(self):
        tests = (HERE / "rules_test.yml").read_text()
        alerts = re.split(r"(?m)^      - alert: ", RULES.read_text())[1:]
        self.assertGreater(len(alerts), 15)
        for alert in alerts:
            name = alert.split()[0]
            for part in r"\n        for: \d+[mhd]\n", "severity: (critical|warning)", "\n          summary: ", "\n          description: ":
                self.assertRegex(alert, part, name)
            self.assertIn(name, tests)


class Grafana(unittest.TestCase):
    def setUp(self):
        self.dashboard = json.loads(GRAFANA.read_text())
        self.panels = self.dashboard["panels"]

    def test_it_can_be_imported(self):
        self.assertIsNone(self.dashboard["id"])
        for key in "uid", "title", "schemaVersion", "templating", "time", "panels":
            self.assertIn(key, self.dashboard)
        ids = [panel["id"] for panel in self.panels]
        self.assertEqual(len(ids), len(set(ids)))

    def test_the_data_source_is_a_variable_everywhere(self):
        variables = {one["name"]: one for one in self.dashboard["templating"]["list"]}
        self.assertEqual(variables["datasource"]["type"], "datasource")
        for panel in self.panels:
            if panel["type"] == "row":
                continue
            for holder in panel, *panel["targets"]:
                self.assertEqual(holder["datasource"]["uid"], "${datasource}", panel["title"])
        used = set(re.findall(r"\$\{?(\w+)", json.dumps([one.get("targets") for one in self.panels])))
        self.assertLessEqual(used, set(variables))

    def test_panels_do_not_lie_on_each_other(self):
        taken = {}
        for panel in self.panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} on {taken.get((x, y))}")
                    taken[x, y] = panel["title"]

    def test_each_metric_exists_with_the_labels_that_it_is_asked_by(self):
        families = exported()
        queries = [target["expr"] for panel in self.panels for target in panel.get("targets", [])]
        queries += [one["definition"] for one in self.dashboard["templating"]["list"] if "definition" in one]
        for query in queries:
            names = NAME.findall(query)
            self.assertTrue(names, query)
            for name, labels in re.findall(r"(hdsbackup_[a-z_]+|process_start_time_seconds)(?:\{([^}]*)\})?", query):
                self.assertIn(name, families, query)
                asked = set(re.findall(r"(\w+)=", labels)) - {"instance", "job"}
                self.assertLessEqual(asked, families[name], query)

    def test_prometheus_can_parse_each_query(self):
        queries = [target["expr"] for panel in self.panels for target in panel.get("targets", [])]
        rules = [{"record": f"query:number_{index}", "expr": re.sub(r"\$\w+", ".*", query)} for index, query in enumerate(queries)]
        rules = {"groups": [{"name": "queries", "rules": rules}]}  # JSON is YAML
        result = promtool("check", "rules", "/dev/stdin", input=json.dumps(rules))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class Documentation(unittest.TestCase):
    def test_the_table_of_metrics_has_all_of_them_and_no_other(self):
        rows = {name for line in DOCUMENT.read_text().splitlines() if line.startswith("| `") for name in NAME.findall(line.split("|")[1])}
        self.assertEqual(rows, set(exported()))

    def test_each_alert_is_named(self):
        text = DOCUMENT.read_text()
        for name in re.findall(r"alert: (\w+)", RULES.read_text()):
            self.assertIn(f"`{name}`", text)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        SAMPLE = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
