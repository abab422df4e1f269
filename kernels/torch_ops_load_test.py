"""Loading libdeltagauge_ops.so beside whatever else a process has loaded.

Each test is a process of its own.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

LIBRARY = os.environ["DELTAGAUGE_OPS_LIBRARY"]

SETUP = """
import sys
import torch

library = sys.argv[1]
seed_schema = (
    "recurrent_gated_delta_rule(Tensor query, Tensor key, Tensor value, Tensor g, Tensor beta, "
    "Tensor(a!) recurrent_state) -> Tensor"
)
inputs = [torch.ones(1, 1, 2, 4)] * 3 + [torch.zeros(1, 1, 2)] * 2


def state():
    return torch.ones(1, 1, 4, 4)


def check_deltagauge():
    # g = beta = 0: the state stays, so each output is the sum over K of ones.
    output, _ = torch.ops.deltagauge.gated_delta_rule_(*inputs, state(), layout="bhtd")
    assert torch.equal(output, torch.full((1, 1, 2, 4), 4.0)), output


def check_llama():
    output = torch.ops.llama.recurrent_gated_delta_rule(*inputs, state())
    assert torch.equal(output, torch.full((1, 1, 2, 4), 4.0)), output
"""


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", SETUP + textwrap.dedent(script), LIBRARY, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )


class LoadTest(unittest.TestCase):
    def check(self, result, *messages):
        self.assertEqual(result.returncode, 0, result.stderr)
        for message in messages:
            self.assertIn(message, result.stderr)
        if not messages:
            self.assertNotIn("libdeltagauge_ops", result.stderr)

    def test_alone(self):
        self.check(run("""
            torch.ops.load_library(library)
            torch.ops.load_library(library)  # the same library again is nothing new
            check_deltagauge()
            check_llama()
            """))

    def test_another_library_defined_the_operator_before(self):
        result = run("""
            other = torch.library.Library("llama", "DEF")
            other.define(seed_schema)
            other.impl("recurrent_gated_delta_rule", lambda *tensors: tensors[0] + 41, "CPU")
            torch.ops.load_library(library)
            check_deltagauge()
            # The other one's operator is untouched, its .out doesn't come from us.
            output = torch.ops.llama.recurrent_gated_delta_rule(*inputs, state())
            assert torch.equal(output, torch.full((1, 1, 2, 4), 42.0)), output
            assert torch.ops.llama.recurrent_gated_delta_rule.overloads() == ["default"]
            """)
        self.check(
            result,
            "llama::recurrent_gated_delta_rule is already registered",
            "deltagauge::gated_delta_rule_(query, key, value, g, beta, recurrent_state, "
            'layout="bhtd")',
        )

    def test_another_library_defined_the_out_variant_before(self):
        result = run("""
            other = torch.library.Library("llama", "FRAGMENT")
            other.define(
                "recurrent_gated_delta_rule.out(Tensor query, *, Tensor(a!) out) -> Tensor(a!)"
            )
            torch.ops.load_library(library)
            check_deltagauge()
            assert torch.ops.llama.recurrent_gated_delta_rule.overloads() == ["out"]
            """)
        self.check(result, "llama::recurrent_gated_delta_rule.out is already registered")

    def test_another_library_comes_later(self):
        self.check(run("""
            torch.ops.load_library(library)
            other = torch.library.Library("llama", "DEF")
            try:
                other.define(seed_schema)
            except RuntimeError as error:
                assert "recurrent_gated_delta_rule" in str(error), error
            else:
                raise AssertionError("two operators of one name")
            other.define("something_else(Tensor x) -> Tensor")  # the namespace is not ours alone
            check_llama()
            check_deltagauge()
            """))

    def test_a_second_copy_of_the_library(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "libdeltagauge_ops_copy.so"
            shutil.copyfile(LIBRARY, copy)
            result = run(
                """
                torch.ops.load_library(library)
                torch.ops.load_library(sys.argv[2])
                check_llama()
                check_deltagauge()
                """,
                str(copy),
            )
        self.check(
            result,
            "llama::recurrent_gated_delta_rule is already registered",
            "deltagauge::gated_delta_rule is already registered",
        )

    def test_beside_executorch(self):
        import importlib.util

        package = importlib.util.find_spec("executorch")
        if package is None:
            self.skipTest("the executorch package is not installed")
        (folder,) = package.submodule_search_locations
        theirs = pathlib.Path(folder, "extension/llm/custom_ops/libcustom_ops_aot_lib.so")
        if not theirs.exists():
            self.skipTest(f"{theirs} does not exist")
        for order in ("library, sys.argv[2]", "sys.argv[2], library"):
            result = run(
                f"""
                for path in ({order}):
                    torch.ops.load_library(path)
                check_deltagauge()
                check_llama()
                assert torch.ops.llama.gated_delta_rule.default
                """,
                str(theirs),
            )
            self.check(result)


if __name__ == "__main__":
    unittest.main()
