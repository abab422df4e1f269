#!/usr/bin/env python3
"""Checks configs/config.schema.json with an independent validator: it is a valid schema, the shipped
configurations satisfy it, and files with a planted mistake don't.

Needs jsonschema and PyYAML; without them it says so and is skipped (exit status 77).

    harness/config/config_schema_test.py [unittest arguments]
"""

import copy
import json
import pathlib
import sys
import unittest

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}; ci/deps installs it")
    sys.exit(77)

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"


def read(name):
    return yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8"))


def put(config, path, value):
    """A copy of the configuration with one value changed."""
    changed = copy.deepcopy(config)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return changed


# (where, what): each of them is refused by the loader too (harness/config/config_yaml_test.cc).
PLANTED = [
    (["tokns"], 1),
    (["version"], 2),
    (["version"], "1"),
    (["name"], "a b"),
    (["name"], 5),
    (["seed"], -1),
    (["seed"], 1.5),
    (["truth"], "eager"),
    (["baseline"], "a b"),
    (["candidates"], []),
    (["candidates"], [{"plugin": "x.so"}]),
    (["candidates"], [{"name": "mine", "plugin": 1}]),
    (["candidates"], [{"name": "mine", "torch_op": {"path": "x.so"}}]),
    (["candidates"], [{"name": "mine", "logits": [{"text": "builtin:pydoc"}]}]),
    (["threads"], 0),
    (["kernel"], "all"),
    (["kernel", "regimes"], ["log"]),
    (["kernel", "regimes"], ["long", "long"]),
    (["kernel", "dtypes"], ["float64"]),
    (["kernel", "checks"], "acuracy"),
    (["kernel", "shapes", 0, "tokens"], [1 << 21]),
    (["kernel", "shapes", 0, "toks"], [1]),
    (["kernel", "cases"], ["drift:"]),
    (["models", 0, "path"], "builtin:qwen"),
    (["models", 0, "path"], "graft:qwen"),
    (["models", 0, "path"], ""),
    (["models", 0, "dtype"], "int8"),
    (["models", 0, "texts"], ["builtin:pidoc"]),
    (["models", 0, "texts"], [{"offset": 1}]),
    (["models", 0, "drift"], True),
    (["models", 0, "drift", "positions"], "some"),
    (["models", 0, "drift", "by_layer"], "yes"),
    (["models", 0, "captured_inputs", "layers"], []),
    (["models", 0, "agreement", "greedy", "prompts"], 0),
    (["performance", "protocol", "confidence"], 1),
    (["performance", "prefill"], {}),
    (["gates", 0, "metric"], "kernel.eror_ratio"),
    (["gates", 0], {"max": 1}),
    (["gates", 0, "max"], "2"),
    (["gates", 0, "at"], "tokens"),
    (["tolerances"], {"float8": {}}),
    (["tolerances"], {"float32": {"kernel.eror_ratio": {"max": 1}}}),
    (["tolerances"], {"float32": {"kernel.error_ratio": {"most": 1}}}),
]

# Other ways to say what is allowed.
ALLOWED = [
    (["kernel"], "none"),
    (["threads"], [1, 2]),
    (["baseline"], {"name": "theirs", "torch_op": {}, "fallback": "eager"}),
    (["candidates"], ["fused", {"name": "mine", "plugin": "x.so", "translation": "inside"}]),
    (["kernel", "checks"], ["parity", "repeat", "bounds"]),
    (["kernel", "cases"], "kernel:T=9"),
    (["models", 0, "texts"], "book.txt"),
    (["models", 0, "texts"], [{"path": "book.txt", "offset": 1}]),
    (["models", 0, "path"], "../checkpoint"),
    (["models", 0, "drift"], "none"),
    (["models", 0, "drift", "positions"], 5),
    (["models", 0, "captured_inputs", "layers"], [0, 1]),
    (["extends"], ["a.yaml", "b.yaml"]),
]


class ConfigSchema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        schema = json.loads((CONFIGS / "config.schema.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def errors(self, config):
        return [f"{error.json_path}: {error.message}" for error in self.validator.iter_errors(config)]

    def test_shipped_files_satisfy_it(self):
        names = sorted(path.name for path in CONFIGS.glob("*.yaml"))
        self.assertIn("quick.yaml", names)
        for name in names:
            if name.endswith("_policy.yaml"):
                continue  # no configuration of a run
            with self.subTest(name):
                self.assertEqual(self.errors(read(name)), [])

    def test_planted_mistakes_are_found(self):
        quick = read("quick.yaml")
        for path, value in PLANTED:
            with self.subTest(path=path, value=value):
                self.assertNotEqual(self.errors(put(quick, path, value)), [])

    def test_what_is_allowed_is_accepted(self):
        quick = read("quick.yaml")
        for path, value in ALLOWED:
            with self.subTest(path=path, value=value):
                self.assertEqual(self.errors(put(quick, path, value)), [])

    def test_version_is_required(self):
        quick = read("quick.yaml")
        del quick["version"]
        self.assertNotEqual(self.errors(quick), [])


if __name__ == "__main__":
    unittest.main()
