#!/usr/bin/env python3
"""Checks that the folders and files that the documents name exist.

    ci/docs.py [DOCUMENT...]  README.md and ARCHITECTURE.md by default
    ci/docs.py --self-test

A name is a word that ends with "/" or starts with a top-level folder and "/"; `*` stands for
anything. Not looked at: what is built (build/...), links to the web, and lines that say "planned".
"""

import pathlib
import re
import sys
import tempfile

DOCUMENTS = ("README.md", "ARCHITECTURE.md")
SEPARATORS = re.compile(r"[\s()\[\]`'\"|]+")
PATH = re.compile(r"(\./)?([\w.*-]+/)+[\w.*-]*")


def missing(root, text):
    """(line number, name) for every name that has nothing behind it."""
    top = {entry.name for entry in root.iterdir() if entry.is_dir()}
    for number, line in enumerate(text.splitlines(), 1):
        if "planned" in line:
            continue
        for word in SEPARATORS.split(line):
            word = word.rstrip(".,:;")
            if not PATH.fullmatch(word):
                continue
            name = word.removeprefix("./")
            first = name.split("/")[0]
            if first == "build" or not (name.endswith("/") or first in top):
                continue
            if not any(root.glob(name.rstrip("/"))):
                yield number, word


def self_test():
    text = (
        "See `kernels/a.h`, `kernels/gone.h`, none/, K/V and [that](docs/gone.md), kernels/a.h.\n"
        "```\nkernels/   the kernels\nlost/      not there\nbuild/x/   built\n```\n"
        "`kernels/*.h`, https://example.org/a/ \n    later/   (planned)\n| dead/ | row |\n"
        "run ./kernels/none: then ./kernels/a.h; bash ./gone/\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "kernels").mkdir()
        (root / "docs").mkdir()
        (root / "kernels" / "a.h").touch()
        found = list(missing(root, text))
    expected = [(1, "kernels/gone.h"), (1, "none/"), (1, "docs/gone.md"), (4, "lost/"), (9, "dead/")]
    expected += [(10, "./kernels/none"), (10, "./gone/")]
    assert found == expected, found
    print(f"docs: {len(expected)} planted dead names reported")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    root = pathlib.Path(__file__).parents[1]
    status = 0
    for document in sys.argv[1:] or DOCUMENTS:
        if not (root / document).exists():
            print(f"{document}: missing")
            status = 1
            continue
        for number, name in missing(root, (root / document).read_text(encoding="utf-8")):
            print(f"{document}:{number}: {name} does not exist")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
