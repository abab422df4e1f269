#!/usr/bin/env python3
"""Holds the dashboard reports/grafana.json against the /metrics of a running service: each metric
and label that it names is there; where Debian's package prometheus is, a Prometheus that scrapes the
service has an answer to each query.

    harness/service/grafana_test.py PROGRAM [unittest arguments]
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "reports/grafana.json"
FIXTURES = ROOT / "harness/report/fixtures"
PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
TOKEN = "token-of-the-dashboard-test"
PATIENCE_SECONDS = 60
OF_PROMETHEUS = {"job", "instance"}  # labels that a scrape adds

TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
NAME = re.compile(r"\bdeltagauge_\w+")
SELECTOR = re.compile(r"\b(deltagauge_\w+)\{([^}]*)\}")
LISTED = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
LABEL_VALUES = re.compile(r"^label_values\((.*), (\w+)\)$")


def targets(dashboard):
    """(title of the panel, target) of each query of a panel."""
    return [(panel["title"], target) for panel in dashboard["panels"]
            for target in panel.get("targets", [])]


def lookups(dashboard):
    """(expression, label) of each variable that asks for the values of a label."""
    queries = [one["query"]["query"] for one in dashboard["templating"]["list"]
               if one["type"] == "query"]
    return [LABEL_VALUES.match(query).groups() for query in queries]


def exposed(text):
    """Name of each sample in an exposition -> its labels."""
    found = {}
    for line in text.splitlines():
        sample = re.match(r"(\w+)(?:\{(.*)\})? ", line)
        if not sample or line.startswith("#"):
            continue
        labels = TEXT.sub("", sample.group(2) or "")
        found.setdefault(sample.group(1), set()).update(re.findall(r"\w+", labels))
    return found


def unknown(expression, more_labels, metrics):
    """What an expression names that is not in the exposition."""
    names = NAME.findall(expression)
    flaws = [f"no metric {name}" for name in names if name not in metrics]
    if not names:
        flaws.append(f"no metric in {expression}")
    bare = TEXT.sub("", expression)
    for name, conditions in SELECTOR.findall(bare):
        labels = set(re.findall(r"\w+", conditions))
        flaws += [f"no label {label} of {name}" for label in labels - metrics.get(name, set())]
    known = set().union(OF_PROMETHEUS, *(metrics.get(name, set()) for name in names))
    listed = set(re.findall(r"\w+", " ".join(LISTED.findall(bare)))) | set(more_labels)
    return flaws + [f"no label {label} in {expression}" for label in listed - known]


def all_unknown(dashboard, metrics):
    flaws = []
    for _, target in targets(dashboard):
        flaws += unknown(target["expr"], LEGEND.findall(target["legendFormat"]), metrics)
    for expression, label in lookups(dashboard):
        flaws += unknown(expression, [label], metrics)
    return flaws


def fetch(url, body=None):
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        return answer.read().decode()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class DashboardTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        token = cls.folder / "token"
        token.write_text(TOKEN + "\n", encoding="utf-8")
        service = subprocess.Popen(
            [PROGRAM, "serve", "--db", str(cls.folder / "store.sqlite"), "--port", "0",
             "--token-file", str(token), "--work", str(cls.folder / "runs")],
            stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(service.stdout.close)
        cls.addClassCleanup(stop, service)
        line = service.stdout.readline()
        cls.home = re.search(r"http://\S+?(?=/\n)", line).group()
        # The second machine's report has gates of other verdicts.
        failing = (FIXTURES / "golden_report_failing.json").read_text(encoding="utf-8")
        failing = json.loads(failing)
        failing["report_id"] = "another"
        failing["machine"]["fingerprint"] = "aa51c3d2e4f60718"
        for report in ((FIXTURES / "golden_report.json").read_bytes(),
                       json.dumps(failing).encode()):
            fetch(cls.home + "/api/v1/reports", report)
        fetch(cls.home + "/metrics")  # so that a request has been counted
        cls.metrics = exposed(fetch(cls.home + "/metrics"))
        cls.dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))

    def test_all_that_it_names_is_there(self):
        self.assertGreater(len(targets(self.dashboard)), 10)
        self.assertEqual(len(lookups(self.dashboard)), 3)
        self.assertEqual(all_unknown(self.dashboard, self.metrics), [])

    def test_what_is_not_there_is_found(self):
        """Each name planted wrong once, everywhere that it stands."""
        text = DASHBOARD.read_text(encoding="utf-8")
        for name in ("deltagauge_gate_value_ci", "deltagauge_report_info",
                     "deltagauge_ingest_seconds_bucket", "bound=", "verdict!~", "by (route",
                     "group_left (name", "{{outcome}}", ", branch)"):
            self.assertIn(name, text)
            wrong = text.replace(name, re.sub(r"(\w+)(?=\W*$)", r"\1x", name))
            self.assertNotEqual(all_unknown(json.loads(wrong), self.metrics), [], name)

    def test_the_panels_have_places_of_their_own(self):
        taken = set()
        for panel in self.dashboard["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            places = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                      for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(taken & places, panel["title"])
            taken |= places
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed")
    def test_a_prometheus_has_an_answer_to_each_query(self):
        home = self.start_prometheus()
        self.await_answer(home, "count_over_time(deltagauge_store_reports[1m]) >= 3")
        for title, target in targets(self.dashboard):
            expression = self.filled(target["expr"])
            answer = self.ask(home, expression)
            self.assertTrue(answer, f"{title}: {expression}")
            wanted = set(LEGEND.findall(target["legendFormat"]))
            for one in answer:
                self.assertLessEqual(wanted, set(one["metric"]), f"{title}: {expression}")
        for expression, label in lookups(self.dashboard):
            for one in self.ask(home, self.filled(expression)):
                self.assertIn(label, one["metric"])
        self.assertEqual(self.ask(home, "deltagauge_gate_valuex"), [])

    def start_prometheus(self):
        port = free_port()
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [{
            "job_name": "deltagauge",
            "static_configs": [{"targets": [self.home.removeprefix("http://")]}]}]}),
            encoding="utf-8")
        with open(self.folder / "prometheus.log", "wb") as log:
            prometheus = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        self.addCleanup(stop, prometheus)
        return f"http://127.0.0.1:{port}"

    @staticmethod
    def filled(expression):
        """As Grafana would ask it, with everything chosen."""
        expression = expression.replace("$__rate_interval", "1m")
        return re.sub(r"\$(branch|machine|metric)\b", ".*", expression)

    @staticmethod
    def ask(home, expression):
        query = urllib.parse.urlencode({"query": expression})
        return json.loads(fetch(f"{home}/api/v1/query?{query}"))["data"]["result"]

    def await_answer(self, home, expression):
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self.ask(home, expression):
                    return
            except OSError:
                pass  # it does not listen yet
            log = (self.folder / "prometheus.log").read_text(encoding="utf-8")
            self.assertLess(time.monotonic(), end, log[-2000:])
            time.sleep(0.2)


if __name__ == "__main__":
    if not PROGRAM:
        sys.exit(__doc__)
    unittest.main()
