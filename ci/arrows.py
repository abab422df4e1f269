#!/usr/bin/env python3
"""Holds the arrows between the folders, as ARCHITECTURE.md draws them, by the #include lines.

    ci/arrows.py [ROOT]       prints each violation as file:line: what; exit status 1 if there is one
    ci/arrows.py --self-test  plants one violation of each rule and sees each reported
"""

import pathlib
import re
import sys
import tempfile

FOLDERS = ("kernels", "reference", "harness")
SUFFIXES = {".h", ".cc", ".inc"}

# Which of our folders each folder may include.
ARROWS = {
    "kernels": {"kernels"},
    "reference": {"reference"},
    "harness": {"kernels", "reference", "harness"},
}

# Folders of harness/ that use nothing of it but base and themselves.
PURE = ("harness/history",)

# The only files that may see libtorch. Headers among them are for these files alone (see below), so
# that none of it reaches the others.
TORCH_HEADERS = re.compile(r"reference/\w+_torch-inl\.h")
TORCH_FILES = re.compile(
    r"reference/\w+_torch(_test)?\.cc|kernels/torch_ops\w*\.cc|" + TORCH_HEADERS.pattern
)

TORCH = ("torch/", "ATen/", "c10/", "caffe2/")
FORMAT = ("fmt/", "spdlog/")
POSIX = re.compile(
    r"(unistd|pthread|sched|dlfcn|fcntl|signal|poll|netdb|dirent|termios)\.h$|(sys|linux|netinet|arpa)/"
)

# Computed includes (HWY_TARGET_INCLUDE) name a file of their own folder.
INCLUDE = re.compile(r'^\s*#\s*(?:include\s*|define\s+HWY_TARGET_INCLUDE\s+)[<"]([^>"]+)[>"]')


def violations_of(path, included):
    """Every rule that `path` breaks by including `included`."""
    folder = path.split("/")[0]
    first = included.split("/")[0]
    is_header = not path.endswith(".cc")
    if first in FOLDERS and first not in ARROWS[folder]:
        yield f"{folder}/ must not include {first}/"
    own = path.rsplit("/", 1)[0]
    if own in PURE and first == "harness" and not included.startswith((own + "/", "harness/base/")):
        yield f"{own}/ uses only base"
    if included.startswith("."):
        yield f'"{included}": include paths start at the repository root'
    if included.startswith("hwy/") and folder != "kernels":
        yield "Highway is included only in kernels/"
    if included.startswith(TORCH) and not TORCH_FILES.fullmatch(path):
        yield "libtorch is included only in reference/*_torch{.cc,_test.cc,-inl.h}, kernels/torch_ops*.cc"
    if TORCH_HEADERS.fullmatch(included) and not TORCH_FILES.fullmatch(path):
        yield "headers with libtorch are included only by files that may see libtorch"
    if included.startswith(FORMAT) and TORCH_FILES.fullmatch(path):
        yield "a file that includes libtorch must not include fmt: torch brings one of its own"
    if included == "omp.h":
        yield "no OpenMP: libtorch brings a runtime of its own"
    if is_header and POSIX.match(included):
        yield "headers are portable: system calls belong in a .cc file"


def includes(path):
    """(line number, included name) for each include line of a file."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if match := INCLUDE.match(line):
                yield number, match.group(1)


def quoted_sibling(root, path, included):
    """An include of a file beside it, without its folder."""
    return "/" not in included and (root / path).with_name(included).exists()


def check(root):
    """Returns the number of files read and the list of violations."""
    files = sorted(
        file
        for folder in FOLDERS
        for file in (root / folder).rglob("*")
        if file.suffix in SUFFIXES
    )
    found = []
    for file in files:
        path = file.relative_to(root).as_posix()
        for number, included in includes(file):
            messages = list(violations_of(path, included))
            if quoted_sibling(root, path, included):
                messages.append(f'"{included}": include paths start at the repository root')
            found += [f"{path}:{number}: {message}" for message in messages]
    return len(files), found


# (file, its include line, part of the message expected; None: allowed)
PLANTED = [
    ("kernels/a.cc", '#include "kernels/a.h"', None),
    ("kernels/b.cc", '#include "hwy/highway.h"', None),
    ("kernels/c.cc", "#include <unistd.h>", None),
    ("kernels/torch_ops.cc", "#include <torch/library.h>", None),
    ("kernels/torch_ops_args_test.cc", "#include <ATen/ops/ones.h>", None),
    ("reference/eager_torch.cc", "#include <ATen/ops/matmul.h>", None),
    ("reference/eager_torch_test.cc", "#include <ATen/ops/matmul.h>", None),
    ("reference/parts_torch-inl.h", "#include <ATen/core/Tensor.h>", None),
    ("reference/model_torch.cc", '#include "reference/parts_torch-inl.h"', None),
    ("harness/a.cc", '#include "reference/a.h"', None),
    ("harness/b.cc", '#include "kernels/a.h"', None),
    ("harness/c.cc", "#include <fmt/format.h>", None),
    ("harness/history/a.cc", '#include "harness/history/a.h"', None),
    ("harness/history/b.cc", '#include "harness/base/verdict.h"', None),
    ("harness/history/c.cc", '#include "harness/timing/a.h"', "uses only base"),
    ("kernels/d.cc", '#include "reference/a.h"', "kernels/ must not include reference/"),
    ("kernels/d_test.cc", '#include "harness/a.h"', "kernels/ must not include harness/"),
    ("kernels/e.cc", '#define HWY_TARGET_INCLUDE "harness/a.cc"', "must not include harness/"),
    ("reference/b.cc", '#  include <kernels/a.h>', "reference/ must not include kernels/"),
    ("reference/c.h", '#include "harness/a.h"', "reference/ must not include harness/"),
    ("reference/d.cc", "#include <hwy/highway.h>", "Highway"),
    ("harness/d.cc", "#include <hwy/highway.h>", "Highway"),
    ("harness/e.cc", "#include <ATen/ATen.h>", "libtorch"),
    ("kernels/f.cc", "#include <torch/library.h>", "libtorch"),
    ("reference/e.cc", "#include <c10/util/Half.h>", "libtorch"),
    ("kernels/torch_ops.h", "#include <ATen/core/Tensor.h>", "libtorch"),
    ("reference/f_torch.h", "#include <ATen/core/Tensor.h>", "libtorch"),
    ("harness/g.cc", '#include "reference/parts_torch-inl.h"', "headers with libtorch"),
    ("reference/model_torch.h", '#include "reference/parts_torch-inl.h"', "headers with libtorch"),
    ("reference/g_torch.cc", "#include <fmt/format.h>", "fmt"),
    ("kernels/torch_ops_test.cc", "#include <spdlog/spdlog.h>", "fmt"),
    ("kernels/g.cc", "#include <omp.h>", "OpenMP"),
    ("harness/f.h", "#include <sys/mman.h>", "portable"),
    ("kernels/h-inl.h", "#include <pthread.h>", "portable"),
    ("kernels/i.cc", '#include "../kernels/a.h"', "start at the repository root"),
    ("kernels/deep/j.cc", '#include "j.cc"', "start at the repository root"),
]


def self_test():
    for path, line, expected in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text(f"// first line\n{line}\n", encoding="utf-8")
            count, found = check(root)
        assert count == 1, (path, count)
        if expected is None:
            assert not found, (path, line, found)
        else:
            assert len(found) == 1, (path, line, found)
            assert found[0].startswith(f"{path}:2: ") and expected in found[0], found[0]
    caught = sum(expected is not None for _, _, expected in PLANTED)
    print(f"arrows: {caught} planted violations reported, {len(PLANTED) - caught} allowed lines not")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]
    count, found = check(root)
    for line in found:
        print(line)
    print(f"arrows: {count} files, {len(found)} violations")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
