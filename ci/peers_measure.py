#!/usr/bin/env python3
"""Prefill of the full-size model beside other implementations, interleaved; started by ci/peers.

Each round runs every arm once, in random order, each in a process of its own that loads the model,
warms up and times a few prefills. Compared is what happened in the same round. Rounds are kept in
FOLDER/rounds-DTYPE.json; the tables are written from what is there.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import platform
import random
import re
import shlex
import statistics
import struct
import subprocess
import sys
import tempfile
import time

DTYPES = ("float32", "bfloat16")
OURS = "DeltaGauge"
# Parameters of the text model; what else the checkpoint holds is not run.
PARAMETERS = 752_393_024
BYTES = {"float32": 4, "bfloat16": 2}
SPEED_TARGET = {"float32": 1.5, "bfloat16": 1.1}
LOAD_TARGET_S = 10.0
# Logits of two implementations of one model differ by rounding, relative to the largest. In
# bfloat16 each rounds at other places.
LOGITS_DIFFER = {"float32": 1e-4, "bfloat16": 0.03}


@dataclasses.dataclass
class Arm:
    """One implementation: its command, and how to read what it prints."""

    name: str
    command: list
    parse: object  # standard output -> {"version", "load_s" or None, "ms", "parts" or None}
    read_logits: object  # () -> list of floats, or None where it doesn't tell


def parse_json_line(output):
    """The last line of ci/peers_transformers.py and ci/peers_openvino.py."""
    return json.loads(output.strip().splitlines()[-1])


def parse_ours(output):
    """What `deltagauge logits --time` prints."""
    load = re.search(r"^loaded in ([0-9.]+) s$", output, re.M)
    times = re.search(r"^prefill of \d+ tokens, ms: ([0-9. ]+); (.*) of the time$", output, re.M)
    linear = re.search(r"linear layers (.*)$", output, re.M)
    if not (load and times and linear):
        raise ValueError(f"not what `deltagauge logits --time` prints:\n{output}")
    return {
        "version": linear.group(0),
        "load_s": float(load.group(1)),
        "ms": [float(value) for value in times.group(1).split()],
        "parts": times.group(2),
    }


def parse_llama_bench(output):
    """JSON of llama-bench."""
    (run,) = json.loads(output)
    if run["model_n_params"] != PARAMETERS:
        raise ValueError(f"llama-bench ran a model of {run['model_n_params']} parameters")
    return {
        "version": f"llama.cpp {run['build_commit']}, {run['model_type']}, "
        f"flash attention {run.get('flash_attn')}",
        "load_s": None,
        "ms": [nanoseconds / 1e6 for nanoseconds in run["samples_ns"]],
    }


def read_safetensors_logits(path):
    """The logits of a file that `deltagauge logits` wrote for one position."""
    data = path.read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    if header["logits"]["dtype"] != "F32" or header["logits"]["shape"][0] != 1:
        raise ValueError(f"{path}: unexpected {header['logits']}")
    begin, end = (8 + size + offset for offset in header["logits"]["data_offsets"])
    return struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])


def read_raw_logits(path):
    """Float32 numbers and nothing else."""
    data = path.read_bytes()
    return struct.unpack(f"<{len(data) // 4}f", data)


def make_arms(folder, program, dtype, threads, repeat):
    """All arms whose parts are there, and the names of those that are not."""
    here = pathlib.Path(__file__).parent
    ids = folder / "ids.json"
    checkpoint = folder / "checkpoint"
    ours_logits = folder / "logits.safetensors"
    hf_logits = folder / "logits-transformers.bin"
    ov_logits = folder / "logits-openvino.bin"
    common = ["--ids", ids, "--dtype", dtype, "--threads", threads]
    gguf = folder / f"llama.cpp-model/{'f32' if dtype == 'float32' else 'bf16'}.gguf"
    ir = folder / "openvino-model"
    bench = folder / "llama.cpp/build/bin/llama-bench"
    arms = {
        OURS: (
            program,
            [program, "logits", "--model", checkpoint, *common, "--recurrence", "fused"]
            + ["--positions", "last", "--time", repeat, "--out", ours_logits],
            parse_ours,
            lambda: read_safetensors_logits(ours_logits),
        ),
        "transformers": (
            folder / "transformers/ready",
            [folder / "transformers/bin/python", here / "peers_transformers.py"]
            + ["--model", checkpoint, *common, "--repeat", repeat, "--logits", hf_logits],
            parse_json_line,
            lambda: read_raw_logits(hf_logits),
        ),
        "llama.cpp": (
            gguf,
            [bench, "-m", gguf, "-p", tokens_in(ids), "-n", "0", "-t", threads]
            + ["-r", repeat, "-o", "json"],
            parse_llama_bench,
            None,
        ),
        "OpenVINO": (
            ir / "last_position.xml",
            [folder / "openvino/bin/python", here / "peers_openvino.py", "time", "--out", ir]
            + [*common, "--repeat", repeat, "--logits", ov_logits],
            parse_json_line,
            lambda: read_raw_logits(ov_logits),
        ),
    }
    there, absent = [], []
    for name, (needed, command, parse, read_logits) in arms.items():
        if needed.exists():
            there.append(Arm(name, [str(part) for part in command], parse, read_logits))
        else:
            absent.append(name)
    return there, absent


def tokens_in(ids):
    """How many ids the file holds."""
    return len(json.loads(ids.read_text()))


def busy_cpu_seconds():
    """CPU time of all processes and what the machine's host took, so far; None if unknown."""
    try:
        fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return None
    user, nice, system, _, _, interrupts, soft_interrupts, steal = map(int, fields[1:9])
    ticks = user + nice + system + interrupts + soft_interrupts + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def run_arm(arm, threads):
    """Runs one process; its figures, its peak memory, and how busy everybody else was meanwhile."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="false")
    environment.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start, busy = time.monotonic(), busy_cpu_seconds()
        process = subprocess.Popen(arm.command, stdout=output, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            command = shlex.join(arm.command)
            tail = errors.read()[-3000:]
            sys.exit(f"{arm.name} failed ({process.returncode}): {command}\n{tail}")
        figures = arm.parse(output.read())
    figures["peak_bytes"] = usage.ru_maxrss * 1024
    figures["others"] = None
    if busy is not None:
        others = busy_cpu_seconds() - busy - usage.ru_utime - usage.ru_stime
        figures["others"] = max(0.0, others) / seconds / os.cpu_count()
    return figures


def check_logits(arms, dtype):
    """Whether all arms that tell their logits compute the same model; the differences by name.

    Relative RMS; ends the program where one is beyond what rounding explains.
    """
    logits = {arm.name: arm.read_logits() for arm in arms if arm.read_logits}
    ours = logits.pop(OURS)
    size = math.sqrt(sum(value * value for value in ours))
    differences = {}
    for name, theirs in logits.items():
        if len(theirs) != len(ours):
            sys.exit(f"{name} gives {len(theirs)} logits, {OURS} {len(ours)}")
        error = math.sqrt(sum((a - b) ** 2 for a, b in zip(ours, theirs)))
        differences[name] = error / size
        if not differences[name] <= LOGITS_DIFFER[dtype]:
            sys.exit(f"{name} computes another model: logits differ by {differences[name]:.2g}")
    return differences


def measure(folder, program, dtype, rounds, threads, repeat, seed):
    """Runs the rounds of one type and keeps them."""
    arms, absent = make_arms(folder, program, dtype, threads, repeat)
    if OURS not in [arm.name for arm in arms]:
        sys.exit(f"{program} is not there; ci/build release makes it")
    if len(arms) < 2:
        sys.exit("no peer is set up; ci/peers setup does it")
    for name in absent:
        print(f"{name} is not set up and left out")
    # Files into memory, and a look at what they compute, before anything counts.
    print(f"{dtype}: warming up and comparing logits of {', '.join(arm.name for arm in arms)}")
    first = {arm.name: run_arm(arm, threads) for arm in arms}
    differences = check_logits(arms, dtype)
    order = random.Random(seed)
    kept = []
    for number in range(1, rounds + 1):
        order.shuffle(arms)
        figures = {arm.name: run_arm(arm, threads) for arm in arms}
        kept.append(figures)
        print(
            f"{dtype}: round {number} of {rounds}, tokens/s: "
            + ", ".join(f"{name} {speed(folder, one):.1f}" for name, one in figures.items()),
            flush=True,
        )
    result = {
        "dtype": dtype,
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": machine(),
        "tokens": tokens_in(folder / "ids.json"),
        "threads": threads,
        "repeat": repeat,
        "seed": seed,
        "commands": {arm.name: shlex.join(shorten(arm.command)) for arm in arms},
        "versions": {
            name: "; ".join([*installed(folder, program, name), one["version"]])
            for name, one in first.items()
        },
        "logits_differ": differences,
        "rounds": kept,
    }
    path = folder / f"rounds-{dtype}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")


def installed(folder, program, name):
    """What ci/peers has installed for an arm, or the program's own version."""
    if name == OURS:
        return [subprocess.check_output([program, "--version"], text=True).strip()]
    ready = folder / name.lower() / "ready"
    return [ready.read_text().strip()] if ready.exists() else []


def speed(folder, figures):
    """Tokens a second of one process: the median of its prefills."""
    return tokens_in(folder / "ids.json") / statistics.median(figures["ms"]) * 1e3


def shorten(command):
    """A command with its paths relative to the repository."""
    root = f"{pathlib.Path.cwd()}/"
    return [part.replace(root, "") for part in command]


def machine():
    """Processor and number of CPUs."""
    name = platform.processor() or platform.machine()
    try:
        found = re.search(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
        name = found.group(1) if found else name
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} CPUs, Linux {platform.release()}"


def interval(values):
    """Median, and the narrowest interval of order statistics that covers it with at least 90 %.

    Fewer than 5 values can't reach that: then from the least to the largest. With the coverage.
    """
    ordered, count = sorted(values), len(values)

    def outside(cut):
        return 2 * sum(math.comb(count, i) for i in range(cut + 1)) / 2**count

    cut = 0
    while outside(cut + 1) <= 0.1:
        cut += 1
    return statistics.median(ordered), ordered[cut], ordered[count - 1 - cut], 1 - outside(cut)


def speed_table(result):
    """Tokens a second of each arm, and ours against the best peer of the same round."""
    dtype, rounds = result["dtype"], result["rounds"]
    tokens = result["tokens"]
    speeds = {
        name: [tokens / statistics.median(one[name]["ms"]) * 1e3 for one in rounds]
        for name in rounds[0]
    }
    names = sorted(speeds, key=lambda name: -statistics.median(speeds[name]))
    lines = [
        f"## {dtype}",
        "",
        f"{result['when']}; {result['machine']}; {result['threads']} threads; prefill of {tokens} "
        f"tokens, logits of the last one; {len(rounds)} rounds in random order (seed "
        f"{result['seed']}), in each a process of each: {result['repeat']} prefills after a first.",
        "",
        "| | tokens/s | interval | spread over rounds | spread in a process | others' CPU use "
        "| logits differ from ours |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        middle, low, high, _ = interval(speeds[name])
        spread = (max(speeds[name]) - min(speeds[name])) / middle
        inside = statistics.median(
            (max(one[name]["ms"]) - min(one[name]["ms"])) / statistics.median(one[name]["ms"])
            for one in rounds
        )
        others = [one[name]["others"] for one in rounds]
        differ = result["logits_differ"].get(name)
        lines.append(
            f"| {name} | {middle:.1f} | {low:.1f} to {high:.1f} | {100 * spread:.1f} % "
            f"| {100 * inside:.1f} % | "
            + ("unknown" if None in others else f"up to {100 * max(others):.1f} %")
            + f" | {'-' if name == OURS else 'not told' if differ is None else f'{differ:.2g}'} |"
        )
    peers = [name for name in names if name != OURS]
    lines += ["", f"| {OURS} is faster than | ratio | interval | |", "|---|---|---|---|"]
    for name in [*peers, "the best peer of the round"]:
        ratios = [
            ours / max(speeds[peer][i] for peer in ([name] if name in speeds else peers))
            for i, ours in enumerate(speeds[OURS])
        ]
        middle, low, high, coverage = interval(ratios)
        verdict = ""
        if name not in speeds:
            target = SPEED_TARGET[dtype]
            met = "met" if low >= target else "not met" if high < target else "undecided"
            if coverage < 0.9:
                met = "too few rounds to say"
            verdict = f"asked {target} x: {met}"
        lines.append(f"| {name} | {middle:.2f} x | {low:.2f} to {high:.2f} | {verdict} |")
    lines += [
        "",
        f"Intervals cover the median with {100 * coverage:.0f} %. Spreads are largest less least, "
        "of the median; logits differ by relative RMS.",
        "",
        "Where our time goes, round by round: "
        + "; ".join(sorted({one[OURS]["parts"] for one in rounds}))
        + ".",
    ]
    return lines


def load_table(results):
    """Seconds of loading from warm files, and peak memory of the whole process."""
    lines = [
        "## Loading",
        "",
        "Files in memory before; the peak is the process's resident memory, mapped files included, "
        "with the prefills. Medians and the largest of all rounds.",
        "",
        "| | dtype | load, s | largest | peak, MB | largest | asked |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        dtype = result["dtype"]
        memory_target = 1.15 * PARAMETERS * BYTES[dtype] / 1e6 + 600
        for name in sorted(result["rounds"][0], key=lambda name: (name != OURS, name)):
            loads = [one[name]["load_s"] for one in result["rounds"]]
            peaks = [one[name]["peak_bytes"] / 1e6 for one in result["rounds"]]
            asked = ""
            if name == OURS:
                met = max(loads) <= LOAD_TARGET_S and max(peaks) <= memory_target
                asked = f"{LOAD_TARGET_S:.0f} s, {memory_target:.0f} MB: " + (
                    "met" if met else "not met"
                )
            told = None not in loads
            lines.append(
                f"| {name} | {dtype} | {f'{statistics.median(loads):.1f}' if told else 'not told'} "
                f"| {f'{max(loads):.1f}' if told else ''} | {statistics.median(peaks):.0f} "
                f"| {max(peaks):.0f} | {asked} |"
            )
    return lines


def write_page(folder, out):
    """The tables of all types that were measured; also on the terminal."""
    paths = [folder / f"rounds-{dtype}.json" for dtype in DTYPES]
    results = [json.loads(path.read_text()) for path in paths if path.exists()]
    if not results:
        sys.exit(f"{folder} holds no measurement")
    lines = [
        "# Prefill of Qwen3.5-0.8B beside other implementations",
        "",
        "The checkpoint: `deltagauge synth --shape qwen3_5-0.8b --recipe graft`, published shapes.",
        "",
    ]
    for result in results:
        lines += [*speed_table(result), ""]
    lines += [*load_table(results), "", "## Versions and commands", ""]
    for result in results:
        for name, command in result["commands"].items():
            version = result["versions"][name]
            lines += [f"{name}, {result['dtype']}: {version}", "", f"    {command}", ""]
    text = "\n".join(lines)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
    print(text)


def self_test():
    """The parts that need no peer: intervals, parsers and tables, on made-up rounds."""
    assert interval([3, 1, 2, 5, 4])[:3] == (3, 1, 5)
    assert abs(interval(range(5))[3] - 0.9375) < 1e-12
    assert interval(range(8))[1:3] == (1, 6) and interval([7])[:3] == (7, 7, 7)
    ours = parse_ours(
        "x: logits [1, ...], float32, recurrence fused, AVX3, linear layers oneDNN, packed\n"
        "loaded in 3.10 s\nprefill of 512 tokens, ms: 1000.0 1024.0 2000.0; linear layers 80.0 %, "
        "recurrence 9.0 %, head 1.0 % of the time\n"
    )
    assert (ours["load_s"], ours["ms"]) == (3.1, [1000, 1024, 2000]), ours
    bench = {"model_n_params": PARAMETERS, "build_commit": "c", "model_type": "m"}
    assert parse_llama_bench(json.dumps([{**bench, "samples_ns": [2e9]}]))["ms"] == [2000]
    for fault in (lambda: parse_ours("loaded in 3.10 s\n"), lambda: parse_llama_bench("[]")):
        try:
            fault()
        except ValueError:
            continue
        raise AssertionError("a fault was not seen")
    ours |= {"peak_bytes": 3e9, "others": 0.01}
    peer = {"version": "p", "load_s": None, "ms": [2048.0], "peak_bytes": 1e9, "others": None}
    result = {"dtype": "float32", "when": "", "machine": "", "tokens": 512, "threads": 2}
    result |= {"repeat": 3, "seed": 1, "logits_differ": {}}
    result["rounds"] = [{OURS: ours, "peer": peer}] * 5
    page = "\n".join(speed_table(result) + load_table([result]))
    assert "| 500.0 | 500.0 to 500.0 |" in page and "4061 MB: met" in page, page
    assert "2.00 x | 2.00 to 2.00 | asked 1.5 x: met" in page, page
    peer["ms"] = [1300.0]
    assert "1.27 x | 1.27 to 1.27 | asked 1.5 x: not met" in "\n".join(speed_table(result))
    result["rounds"] = result["rounds"][:1]
    assert "too few rounds" in "\n".join(speed_table(result))
    print("self-test passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, help="where ci/peers keeps everything")
    parser.add_argument("--program", type=pathlib.Path, help="deltagauge")
    parser.add_argument("--out", type=pathlib.Path, help="the page; FOLDER/peers.md by default")
    parser.add_argument("--dtype", choices=DTYPES, help="both by default")
    parser.add_argument("--rounds", type=int, default=5, help="0: only the page from what is there")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3, help="prefills of each process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        self_test()
        return
    folder = arguments.folder.resolve()
    if arguments.rounds > 0:
        for dtype in [arguments.dtype] if arguments.dtype else DTYPES:
            measure(
                folder,
                arguments.program.resolve(),
                dtype,
                arguments.rounds,
                arguments.threads,
                arguments.repeat,
                arguments.seed,
            )
    write_page(folder, arguments.out or folder / "peers.md")


if __name__ == "__main__":
    main()
