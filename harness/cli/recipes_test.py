"""Runs the recipes of ci/recipes with the real program, and a small service that takes reports.

    recipes_test.py PROGRAM     the program deltagauge
"""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import yaml

PROGRAM = sys.argv.pop(1)
ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPES = ROOT / "ci/recipes"

CONFIG = """
version: 1
name: recipe
kernel: {{shapes: [{{tokens: [3, 17, 65], value_heads: 1, key_heads: 1, key_dim: 16}}]}}
gates: [{{metric: kernel.output.rel_rmse, max: {limit}}}]
"""


class Service(http.server.BaseHTTPRequestHandler):
    posted = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers["Authorization"] == "Bearer secret"
        if known and self.path == "/api/v1/reports":
            Service.posted.append(json.loads(body))
        self.send_response(201 if known else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


class RecipesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=self.service.serve_forever, daemon=True).start()
        self.addCleanup(self.service.server_close)
        self.addCleanup(self.service.shutdown)
        Service.posted = []

    def run_recipe(self, name, *arguments, token="secret"):
        environment = dict(os.environ, DELTAGAUGE=PROGRAM, DELTAGAUGE_TOKEN=token,
                           DELTAGAUGE_SERVICE=f"http://127.0.0.1:{self.service.server_port}")
        return subprocess.run([str(RECIPES / name), *arguments], env=environment, text=True,
                              capture_output=True, check=False, timeout=100)

    def shards(self, limit, count):
        config = self.folder / "recipe.yaml"
        config.write_text(CONFIG.format(limit=limit), encoding="utf-8")
        return self.run_recipe("run_shards.sh", str(config), str(self.folder / "out"), str(count))

    def test_shards_are_merged_and_posted(self):
        ran = self.shards("2.0e-6", 2)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        report = json.loads((self.folder / "out/all/report.json").read_text(encoding="utf-8"))
        self.assertEqual(len(report["parent_report_ids"]), 2)
        self.assertEqual(len(report["cases"]), 9)  # three lengths in three regimes
        self.assertEqual([posted["report_id"] for posted in Service.posted], [report["report_id"]])

    def test_a_failure_is_the_exit_status_and_is_posted(self):
        ran = self.shards("1.0e-30", 2)
        self.assertEqual(ran.returncode, 1, ran.stderr + ran.stdout)
        self.assertEqual(len(Service.posted), 1)

    def test_a_broken_configuration_ends_it(self):
        ran = self.shards("many", 2)
        self.assertEqual(ran.returncode, 64)
        self.assertIn("recipe.yaml:5", ran.stderr)
        self.assertEqual(Service.posted, [])

    def test_a_report_that_is_not_taken_is_an_error(self):
        self.shards("2.0e-6", 1)
        report = str(self.folder / "out/all/report.json")
        ran = self.run_recipe("post_report.sh", report, token="wrong")
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("401", ran.stderr)
        self.assertNotIn("wrong", ran.stderr + ran.stdout)  # tokens are not for logs

    def test_the_workflow_names_what_is_there(self):
        text = (RECIPES / "github_actions.yml").read_text(encoding="utf-8")
        workflow = yaml.safe_load(text)
        self.assertEqual(set(workflow["jobs"]), {"linux", "windows", "verdict"})
        self.assertEqual(set(workflow["jobs"]["verdict"]["needs"]), {"linux", "windows"})
        for name in re.findall(r"\b(?:ci|configs)/[\w./]*\w", text):
            self.assertTrue((ROOT / name).exists(), name)
        presets = json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))
        known = {preset["name"] for preset in presets["configurePresets"]}
        for name in re.findall(r"--preset (\w+)", text) + re.findall(r"ci/build ([\w-]+)", text):
            self.assertIn(name, known)
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                if "run" in step and step.get("shell") != "pwsh":
                    script = re.sub(r"\$\{\{.*?\}\}", "1", step["run"])
                    subprocess.run(["bash", "-n", "-c", script], check=True)


if __name__ == "__main__":
    unittest.main()
