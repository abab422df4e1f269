"""Asks real shells what they would complete, and a real formatter for the manual page.

    completion_test.py PROGRAM     the program deltagauge
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)

BASH = r"""
source "$1"
shift
COMP_WORDS=(deltagauge "$@")
COMP_CWORD=$#
_deltagauge
printf '%s\n' "${COMPREPLY[@]}"
"""

# zsh completes only in a terminal: what it lists there when Tab is pressed.
ZSH = r"""
zmodload zsh/zpty
zpty shell 'TERM=dumb zsh -f -i'
zpty -w shell "PROMPT='READY '; autoload -Uz compinit; compinit -u -D; source $1; LISTMAX=10000"
zpty -r -m shell text '*READY *READY *'
sleep 0.3
zpty -w -n shell "$2"$'\t'
for i in {1..20}; do
  sleep 0.1
  while zpty -r -t shell line; do print -rn -- "$line"; done
done
"""


class CompletionTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        (pathlib.Path(self.folder.name) / "a report").mkdir()
        (pathlib.Path(self.folder.name) / "a file.yaml").touch()

    def run_in_folder(self, command, **arguments):
        return subprocess.run(command, cwd=self.folder.name, capture_output=True, text=True,
                              check=True, timeout=60, **arguments).stdout

    def script(self, shell):
        path = pathlib.Path(self.folder.name) / f".completion.{shell}"
        path.write_text(self.run_in_folder([PROGRAM, "completion", shell]), encoding="utf-8")
        return str(path)

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"no {tool} here")

    def bash(self, *words):
        output = self.run_in_folder(["bash", "-c", BASH, "bash", self.script("bash"), *words])
        return output.split("\n")[:-1]

    def test_bash(self):
        self.need("bash")
        self.assertEqual(self.bash("ver"), ["verdict"])
        self.assertEqual(self.bash("--v"), ["--version"])
        self.assertIn("run", self.bash(""))
        self.assertEqual(self.bash("export", "--fo"), ["--format"])
        self.assertEqual(self.bash("export", "--format", "g"),
                         ["github-action-benchmark", "google-benchmark"])
        self.assertEqual(self.bash("completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.bash("run", "--out", ""), ["a report"])  # folders alone
        self.assertEqual(self.bash("run", "a"), ["a report", "a file.yaml"])
        self.assertEqual(self.bash("doctor", "--threads", ""), [""])
        self.assertEqual(self.bash("nonsense", "--"), [""])

    def test_fish(self):
        self.need("fish")
        script = self.script("fish")

        def fish(line):
            output = self.run_in_folder(
                ["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"])
            return [row.split("\t")[0] for row in output.splitlines()]

        self.assertEqual(fish("deltagauge ver"), ["verdict"])
        self.assertEqual(fish("deltagauge export --fo"), ["--format"])
        self.assertEqual(fish("deltagauge export --format g"),
                         ["github-action-benchmark", "google-benchmark"])
        self.assertEqual(fish("deltagauge completion z"), ["zsh"])
        self.assertEqual(fish("deltagauge run --out a"), ["a report/"])
        self.assertIn("a file.yaml", fish("deltagauge run a"))
        self.assertEqual(fish("deltagauge targets a"), [])

    def test_zsh(self):
        self.need("zsh")
        script = self.script("zsh")
        self.run_in_folder(["zsh", "-f", "-n", script])  # it is a script of zsh

        def zsh(line):
            return self.run_in_folder(["zsh", "-f", "-c", ZSH, "zsh", script, line])

        self.assertIn("github-action-benchmark", zsh("deltagauge export --format g"))
        offered = zsh("deltagauge ")
        for verb in ("verdict", "export", "doctor"):
            self.assertIn(verb, offered)

    def test_manual_page(self):
        page = self.run_in_folder([PROGRAM, "man"])
        if shutil.which("mandoc"):
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page, text=True,
                                  capture_output=True, check=False)
            # The date is left out so that equal sources give equal pages.
            complaints = [line for line in lint.stdout.splitlines() if "missing date" not in line]
            self.assertEqual(complaints, [])
        self.need("man")
        path = pathlib.Path(self.folder.name) / "deltagauge.1"
        path.write_text(page, encoding="utf-8")
        shown = self.run_in_folder(["man", "-l", str(path)], env={"MANWIDTH": "100", "PATH": "/usr/bin:/bin"})
        for word in ("verdict", "--policy", "EXIT STATUS", "deltagauge run configs/quick.yaml"):
            self.assertIn(word, shown)


if __name__ == "__main__":
    unittest.main()
