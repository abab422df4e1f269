"""Installs the operator library in a new folder and calls it from Python."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

USE = """
import sys
import torch

torch.ops.load_library(sys.argv[1])
query = key = torch.eye(4)[:1].expand(1, 1, 6, 4).contiguous()
value = torch.arange(24.0).reshape(1, 1, 6, 4)
state = torch.zeros(1, 1, 4, 4)
output = torch.ops.llama.recurrent_gated_delta_rule(
    query, key, value, torch.zeros(1, 1, 6), torch.ones(1, 1, 6), state)
# The key is a unit vector and beta is 1: each output is its token's value, the state keeps the last.
assert torch.equal(output, value), output
assert torch.equal(state[0, 0, 0], value[0, 0, -1]), state
"""


class InstallTest(unittest.TestCase):
    def test_the_installed_library_can_be_called(self):
        with tempfile.TemporaryDirectory() as folder:
            prefix = pathlib.Path(folder) / "a prefix"
            subprocess.run([os.environ["DELTAGAUGE_CMAKE"], "--install",
                            os.environ["DELTAGAUGE_BUILD"], "--component", "torch", "--prefix",
                            str(prefix)], check=True, capture_output=True)
            libraries = [path for path in prefix.rglob("*") if path.is_file()]
            self.assertEqual(len(libraries), 1, libraries)
            subprocess.run([sys.executable, "-c", USE, str(libraries[0])], check=True)


if __name__ == "__main__":
    unittest.main()
