#!/usr/bin/env python3
"""Sends malformed requests over raw sockets to a service of its own: none may crash it, none may be
answered by 5xx, and behind each the service must still be ready.

    ci/service_fuzz.py [PROGRAM] [--requests N] [--seed S]

PROGRAM is build/no-torch/bin/deltagauge by default. Prints how many of each kind of request got which
status; "none" is a connection that ended without one.
"""

import argparse
import collections
import gzip
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOKEN = "fuzz-" + "0123456789" * 3
WORKERS = 16
WAIT_S = 12  # longer than the service waits for a byte
FIXTURES = ROOT / "harness/report/fixtures"
BODIES = [(FIXTURES / name).read_bytes() for name in
          ("golden_report.json", "golden_google_benchmark.json", "golden_bencher.json")]
PATHS = ["/api/v1/reports", "/api/v1/series", "/api/v1/compare", "/api/v1/verdict", "/api/v1/waivers",
         "/api/v1/baselines/main", "/api/v1/annotations", "/metrics", "/healthz", "/reports/x", "/"]


def head(method, path, headers=(), version="HTTP/1.1"):
    lines = [f"{method} {path} {version}", "Host: localhost", f"Authorization: Bearer {TOKEN}", *headers]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"


def post(body, headers=(), path="/api/v1/reports", length=None):
    length = len(body) if length is None else length
    return head("POST", path, [f"Content-Length: {length}", "Content-Type: application/json", *headers]) + body


def noise(rng, size):
    return bytes(rng.getrandbits(8) for _ in range(size))


def text(rng, size):
    return "".join(chr(rng.randrange(1, 256)) for _ in range(rng.randrange(size)))


# Each takes a random generator and gives the pieces that are sent, with a pause between them.


def request_line(rng):
    line = rng.choice([
        b"", b"GET", b"GET /", b"GET / HTTP/9.9", b"GET  /  HTTP/1.1", b"get / HTTP/1.1", b"\0 / HTTP/1.1",
        b"GET http://x/ HTTP/1.1", b"GET * HTTP/1.1", b"PRI * HTTP/2.0", b"QUERY / HTTP/1.1", b"GET / HTTP/1.1 x",
        b"BREW " + b"x" * 3000 + b" HTTP/1.1", b"GET /" + b"a" * rng.choice([900, 5000, 9000, 200000]) + b" HTTP/1.1",
        b"GET /?" + b"&" * 5000 + b" HTTP/1.1", noise(rng, 40)])
    return [line + rng.choice([b"\r\n", b"\n", b"\r", b""]) + b"Host: localhost\r\n\r\n"]


def path(rng):
    piece = rng.choice(["%00", "%ff%fe", "%", "%zz", "../" * 50, "//", "..%2f..%2fetc%2fpasswd", "%u0041", "{id}",
                        "a" * 2000, ";", "?" * 30, "'; DROP TABLE reports; --", "%27%22", text(rng, 60)])
    return [head(rng.choice(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]),
                 rng.choice(PATHS).rstrip("/") + "/" + piece.replace(" ", "+").replace("\r", "").replace("\n", ""))]


def query(rng):
    value = rng.choice(["%00", "%ff", "9" * 400, "-1", "1e999", "0x10", "%", "a" * 3000, "NaN", "\u00e9", "..", "%0d%0aX: y"])
    name = rng.choice(["limit", "after", "points", "metric", "case", "branch", "commit", "base", "policy", "format", "%00"])
    separator = rng.choice(["&", "&&", ";", "=", "?"])
    return [head("GET", f"{rng.choice(PATHS)}?{name}={value}{separator}{name}={value}")]


def headers_flood(rng):
    count = rng.choice([50, 500, 5000, 100000])
    return [head("GET", "/healthz", [f"X-{i}: {'v' * rng.randrange(30)}" for i in range(count)])]


def header_form(rng):
    line = rng.choice(["X" * 10000 + ": y", ": y", "X y", "X:\0y", "\tX: y", "Content-Length: -1", "Content-Length: 1, 2",
                       "Content-Length: 99999999999999999999999", "Content-Length: 0x10", "Content-Length: ",
                       "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: xchunked",
                       "Range: bytes=" + ",".join("0-1" for _ in range(1500)), "Range: bytes=" + "9" * 500 + "-",
                       "Range: x", "Expect: 100-continue", "Expect: " + "x" * 500, "Connection: \xff", "Upgrade: h2c",
                       "Accept-Encoding: " + "gzip," * 500, "Accept: " + "a/b;q=" * 500, "Host: evil", "Origin: http://evil",
                       "Authorization: Bearer", "Content-Type: multipart/form-data; boundary=" + "-" * 3000,
                       "Content-Type: multipart/form-data", "Content-Encoding: br", "Content-Encoding: gzip, gzip"])
    method = rng.choice(["GET", "POST", "PUT", "DELETE"])
    return [head(method, rng.choice(PATHS), [line] * rng.choice([1, 1, 2])) + rng.choice([b"", b"{}", noise(rng, 100)])]


def two_lengths(rng):
    return [head("POST", "/api/v1/reports", [rng.choice(["Content-Length: 4", "Content-Length: 40"]),
                                             rng.choice(["Content-Length: 5", "Transfer-Encoding: chunked"])]) +
            b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"]


def chunks(rng):
    body = rng.choice([b"5\r\nhello\r\n", b"zz\r\nx\r\n", b"-1\r\nx\r\n", b"ffffffffffffffffffff\r\nx\r\n", b"7fffffffffffffff\r\nx",
                       b"5;" + b"e" * 9000 + b"\r\nhello\r\n0\r\n\r\n", b"5\r\nhel", b"5\nhello\n0\n\n", b"\r\n\r\n", b"0\r\nX: y\r\n" * 50,
                       b"1\r\na\r\n" * 5000 + b"0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", noise(rng, 200), b"0" * 20000 + b"1\r\n"])
    return [head("POST", rng.choice(PATHS), ["Transfer-Encoding: chunked"]) + body]


def gzip_body(rng):
    packed = rng.choice([gzip.compress(b"0" * (20 << 20), 9), gzip.compress(rng.choice(BODIES))[:-9], noise(rng, 300),
                         b"\x1f\x8b\x08" + noise(rng, 100), gzip.compress(b""), gzip.compress(gzip.compress(BODIES[1])),
                         gzip.compress(b"[" * 100000), gzip.compress(BODIES[2]) * 2])
    return [post(packed, ["Content-Encoding: gzip"])]


def json_body(rng):
    body = rng.choice([b"[" * 200000, b'{"a":' * 50000, b"{}", b"[]", b"null", b"1e999999", b"-" * 1000, b"9" * 100000, b'"\\ud800"',
                       b'{"benchmarks":[' + b"{}," * 1000 + b"{}]}", b'{"a":{"b":{"value":1e308,"upper_value":-1e308}}}',
                       b'[{"model_filename":"m","avg_ns":1e308,"stddev_ns":1e308,"samples_ns":[1,2]}]',
                       b'{"context":{"date":"' + b"9" * 1000 + b'"},"benchmarks":[{"name":"a","real_time":NaN,"time_unit":"s"}]}',
                       b"\xff\xfe{\0}\0", b"\0" * 100, b'{"schema_version":"' + b"9" * 500 + b'.1.1"}', b"\xef\xbb\xbf{}"])
    where = rng.choice(["/api/v1/reports", "/api/v1/reports?machine=m&created_at=2026-03-11T09:30:00Z", "/api/v1/waivers",
                        "/api/v1/annotations", "/api/v1/baselines/b"])
    return [post(body, path=where).replace(b"POST", rng.choice([b"POST", b"PUT"]), 1)]


def spoiled_report(rng):
    body = bytearray(rng.choice(BODIES))
    for _ in range(rng.randrange(1, 8)):
        at = rng.randrange(len(body))
        spoil = rng.choice([b"\0", b"\xff", b"-", b"e999", b'"', b"}", b"null", noise(rng, 1)])
        body[at:at + rng.randrange(3)] = spoil
    return [post(bytes(body), path="/api/v1/reports" + rng.choice(["", "?branch=%00&machine=m&created_at=2026-03-11T09:30:00Z"]))]


def own_report(rng):
    report = json.loads(BODIES[0])
    report["report_id"] = f"fuzz-{rng.randrange(10**9)}"
    value = rng.choice([None, -1, 2**63, "", "\0", "9999-99-99T99:99:99Z", "1960-01-01T00:00:00Z", [], {}, "a" * 5000])
    part = rng.choice([report, report["machine"], report["cases"][0], report["gates"][0], report["summary"]])
    name = rng.choice(sorted(part))
    part[name] = value
    if value is None:
        part["nonfinite"] = {name: rng.choice(["inf", "-inf", "nan", "x"])}
    return [post(json.dumps(report).encode())]


def cut_off(rng):
    whole = post(rng.choice(BODIES))
    return [whole[:rng.randrange(len(whole))]]


def slow(rng):
    whole = rng.choice([post(BODIES[2]), head("GET", "/healthz")])
    step = max(1, len(whole) // 8)
    return [whole[i:i + step] for i in range(0, len(whole), step)]


def pipeline(rng):
    good = head("GET", "/healthz")
    return [good * rng.randrange(1, 20) + noise(rng, rng.randrange(300)) + good * rng.randrange(5)]


def pure_noise(rng):
    return [noise(rng, rng.randrange(1, 3000))]


KINDS = [request_line, path, query, headers_flood, header_form, two_lengths, chunks, gzip_body, json_body, spoiled_report,
         own_report, cut_off, slow, pipeline, pure_noise]


def exchange(port, pieces):
    """The status codes of all answers; none for a connection that just ends."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), WAIT_S) as connection:
            connection.settimeout(WAIT_S)
            try:
                for i, piece in enumerate(pieces):
                    if i > 0:
                        time.sleep(0.02)
                    connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has heard enough
            while len(answer) < 4 << 20:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
    except OSError as error:
        if isinstance(error, ConnectionRefusedError):
            raise
    statuses = re.findall(rb"(?:^|[}\n>])HTTP/1\.1 (\d{3}) ", answer)
    return [status.decode() for status in statuses] or ["none"]


class Service:
    def __init__(self, program, folder):
        self.log = open(folder / "log", "w+")
        environment = {**os.environ, "DELTAGAUGE_TOKEN": TOKEN}
        self.process = subprocess.Popen(
            [program, "serve", "--db", str(folder / "fuzz.sqlite"), "--port", "0", "--no-runs", "--configs", str(ROOT / "configs")],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)/$", line.strip()).group(1))

    def get(self, where):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{where}", timeout=WAIT_S) as answer:
            return answer.status

    def log_text(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


def run(service, requests, seed):
    counts = {kind.__name__: collections.Counter() for kind in KINDS}
    faults = []
    lock = threading.Lock()

    def work(worker):
        for i in range(worker, requests, WORKERS):
            kind = KINDS[i % len(KINDS)]
            rng = random.Random(f"{seed}-{i}")
            try:
                statuses = exchange(service.port, kind(rng))
            except ConnectionRefusedError:
                statuses = ["refused"]
            with lock:
                counts[kind.__name__].update(statuses)
                if any(status.startswith("5") or status == "refused" for status in statuses):
                    faults.append(f"request {i} ({kind.__name__}, seed {seed}): {statuses}")
            if statuses == ["refused"]:
                return

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", default=str(ROOT / "build/no-torch/bin/deltagauge"))
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    arguments = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="deltagauge-fuzz-") as name:
        service = Service(arguments.program, pathlib.Path(name))
        counts, faults = run(service, arguments.requests, arguments.seed)
        if service.process.poll() is None:
            # What was taken must be readable, too.
            for where in ("/readyz", "/metrics", "/api/v1/reports?limit=500", "/api/v1/series?points=0", "/api/v1/machines"):
                try:
                    service.get(where)
                except OSError as error:
                    faults.append(f"{where} afterwards: {error}")
            status = service.stop()
            if status != 0:
                faults.append(f"the service ended with {status}")
        else:
            faults.append(f"the service died with {service.process.returncode}")
        if log := service.log_text().replace("ended\n", ""):
            faults.append("its log: " + log[-2000:])
    total = sum(counts.values(), collections.Counter())
    for kind, statuses in counts.items():
        print(f"{kind:15}", "  ".join(f"{status} {count}" for status, count in sorted(statuses.items())))
    print(f"{'all':15}", "  ".join(f"{status} {count}" for status, count in sorted(total.items())))
    # A line that never ends gets no answer; nearly everything else must.
    if total["none"] > max(5, 0.02 * arguments.requests):
        faults.append(f"{total['none']} requests without an answer")
    for fault in faults[:30]:
        print(fault, file=sys.stderr)
    print(f"{arguments.requests} requests in {time.monotonic() - begin:.0f} s: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
