#!/usr/bin/env python3
"""Judges reports and their schema with a validator that is not ours (python3-jsonschema)."""

import copy
import json
import pathlib
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "reports/report.schema.json").read_text(encoding="utf-8"))


def reject_constant(name):
    raise ValueError(f"{name} is not JSON")


def load(name):
    text = (ROOT / "harness/report/fixtures" / name).read_text(encoding="utf-8")
    return json.loads(text, parse_constant=reject_constant)


class ReportSchemaTest(unittest.TestCase):
    def setUp(self):
        self.validator = jsonschema.Draft202012Validator(SCHEMA)

    def errors(self, report):
        return ["/".join(map(str, error.absolute_path)) for error in self.validator.iter_errors(report)]

    def test_the_schema_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_reports_are_valid(self):
        for name in ("golden_report.json", "golden_report_failing.json"):
            self.assertEqual(self.errors(load(name)), [], name)

    def test_reports_of_earlier_versions_are_valid(self):
        kept = sorted((ROOT / "harness/report/fixtures").glob("report_schema_*.json"))
        self.assertGreater(len(kept), 0)
        for path in kept:
            self.assertEqual(self.errors(load(path.name)), [], path.name)

    def test_nulls_say_what_they_stand_for(self):
        def walk(value):
            if isinstance(value, dict):
                for name, member in value.items():
                    if member is None:
                        self.assertIn(name, value["nonfinite"])
                    walk(member)
            elif isinstance(value, list):
                for element in value:
                    walk(element)

        walk(load("golden_report_failing.json"))

    def test_planted_faults_are_found(self):
        def no_status(report):
            del report["cases"][0]["status"]

        def unknown_verdict(report):
            report["gates"][0]["verdict"] = "PASS"

        def number_as_text(report):
            report["cases"][0]["metrics"][0]["value"] = "inf"

        def unknown_member(report):
            report["machine"]["govenor"] = ""

        def negative_seed(report):
            report["cases"][0]["seed"] = -1

        def other_major_version(report):
            report["schema_version"] = "2.0.0"

        def no_schema(report):
            del report["$schema"]

        def infinite_word(report):
            report["nonfinite"] = {"duration_s": "Infinity"}

        for plant in (no_status, unknown_verdict, number_as_text, unknown_member, negative_seed,
                      other_major_version, no_schema, infinite_word):
            report = copy.deepcopy(load("golden_report.json"))
            plant(report)
            self.assertEqual(len(self.errors(report)), 1, plant.__name__)


if __name__ == "__main__":
    unittest.main()
