#!/usr/bin/env python3
"""Kills a service that takes reports, again and again, and looks for what was lost.

    ci/service_kill.py [--kills 200] [--program build/release/bin/deltagauge] [--db ADDRESS]

Four clients post reports; after a random time the service gets SIGKILL and is started again on the
same database. What was answered with 201 must be there to the byte; what was not may be there, but
then whole. Exit status 1 if anything was lost or torn.
"""

import argparse
import hashlib
import http.client
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOKEN = "0123456789abcdef0123456789abcdef"
REPORT = ROOT / "harness/report/fixtures/golden_report.json"


class Service:
    def __init__(self, program, db, folder):
        token = folder / "token"
        token.write_text(TOKEN + "\n", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "serve", "--db", db, "--port", "0", "--token-file", str(token)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the service did not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1].strip(" /\n"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=10)


def text_of(base, number):
    report_id = str(uuid.UUID(int=number))
    changed = dict(base, report_id=report_id)
    return report_id, json.dumps(changed, indent=2).encode()


class Clients:
    """Posts until the service is gone; keeps what it was told is durable."""

    def __init__(self, base, port, first):
        self.base, self.port = base, port
        self.acknowledged, self.sent = {}, {}
        self.next, self.lock = first, threading.Lock()
        self.threads = [threading.Thread(target=self.post) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def post(self):
        connection = connect(self.port)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        while True:
            with self.lock:
                number, self.next = self.next, self.next + 1
            report_id, body = text_of(self.base, number)
            digest = hashlib.sha256(body).hexdigest()
            self.sent[report_id] = digest
            try:
                connection.request("POST", "/api/v1/reports", body, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 201:
                    self.acknowledged[report_id] = digest
            except (OSError, http.client.HTTPException):
                return

    def join(self):
        for thread in self.threads:
            thread.join()


def kept(port, ids):
    """SHA-256 of what the service gives for each id; absent where it knows none."""
    connection, found = connect(port), {}
    for report_id in ids:
        connection.request("GET", f"/api/v1/reports/{report_id}/raw")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 200:
            found[report_id] = hashlib.sha256(body).hexdigest()
        elif answer.status != 404:
            found[report_id] = f"status {answer.status}"
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/deltagauge"))
    parser.add_argument("--db", help="SQLite file or postgresql://...; default: a temporary file")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    base = json.loads(REPORT.read_text(encoding="utf-8"))
    rng = random.Random(options.seed)
    acknowledged, sent, lost, torn = {}, {}, set(), set()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        db = options.db or str(folder / "store.sqlite")
        first = 1
        for _ in range(options.kills):
            service = Service(options.program, db, folder)
            clients = Clients(base, service.port, first)
            time.sleep(rng.uniform(0.02, 0.4))
            service.kill()
            clients.join()
            acknowledged |= clients.acknowledged
            sent |= clients.sent
            first = clients.next
        service = Service(options.program, db, folder)
        found = kept(service.port, sent)
        service.kill()
        lost = {i for i, digest in acknowledged.items() if found.get(i) != digest}
        torn = {i for i, digest in found.items() if digest != sent[i]}
    unanswered = sum(1 for i in found if i not in acknowledged)
    print(f"{options.kills} kills: {len(acknowledged)} reports acknowledged, {len(lost)} of them lost; "
          f"{len(sent) - len(acknowledged)} not answered, {unanswered} of them kept whole, "
          f"{len(torn)} torn")
    if not acknowledged:
        print("nothing was acknowledged: this shows nothing", file=sys.stderr)
        return 1
    return 1 if lost or torn else 0


if __name__ == "__main__":
    sys.exit(main())
