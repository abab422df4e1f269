#!/usr/bin/env python3
"""Runs a command beside a private PostgreSQL server, which is gone afterwards.

    ci/postgres.py COMMAND [ARGUMENT...]

DELTAGAUGE_TEST_POSTGRES holds the server's address for the command, with the rights of a superuser.
The exit status is the command's; 77 where the Debian package postgresql is missing. The server runs
as the user who calls, for root as the user postgres, since it refuses root.
"""

import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECONDS = 60
STOP_SECONDS = 20
USER = "deltagauge"


def binaries():
    """The folder of the newest server that is installed, or None."""
    found = [folder.parent for folder in pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


def as_server_user():
    """What a command line starts with to run as the server's user, and to end with this script."""
    prefix = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() == 0:
        prefix += ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
    return prefix + ["--"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def make_cluster(bin_folder, folder, password):
    (folder / "password").write_text(password)
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        for path in (folder, folder / "password"):
            os.chown(path, user.pw_uid, user.pw_gid)
    made = subprocess.run(
        as_server_user()
        + [bin_folder / "initdb", "--pgdata", folder / "data", "--username", USER]
        + ["--pwfile", folder / "password", "--auth", "scram-sha-256"]
        + ["--encoding", "UTF8", "--locale", "C.UTF-8"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=folder,
    )
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{made.stdout}")


def start(bin_folder, folder, port):
    """The server's process, answering; None if it ended instead."""
    with open(folder / "log", "ab") as log:
        server = subprocess.Popen(
            as_server_user()
            + [bin_folder / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder]
            + ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=on"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
            start_new_session=True,  # Ctrl-C is for the command; the server ends after it
        )
    try:
        for _ in range(START_SECONDS * 10):
            asked = [bin_folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            if server.poll() is not None:
                return None
            if subprocess.run(asked, check=False).returncode == 0:
                return server
            time.sleep(0.1)
    except BaseException:
        stop(server)
        raise
    stop(server)
    return None


def stop(server):
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, by force
        try:
            server.send_signal(how)
            server.wait(STOP_SECONDS)
            return
        except subprocess.TimeoutExpired:
            pass


def run(command, address):
    """The command's exit status, as a shell counts."""
    environment = dict(os.environ, DELTAGAUGE_TEST_POSTGRES=address)
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"ci/postgres.py: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        status = child.wait()
    except BaseException:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
        raise
    return status if status >= 0 else 128 - status


def run_beside_server(command, bin_folder, folder):
    password = secrets.token_hex(16)
    make_cluster(bin_folder, folder, password)
    for _ in range(3):  # somebody else may have taken the port in between
        port = free_port()
        server = start(bin_folder, folder, port)
        if server is not None:
            break
    else:
        raise RuntimeError("the server doesn't start:\n" + (folder / "log").read_text()[-4000:])
    try:
        return run(command, f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres")
    finally:
        stop(server)


def end_on_signal(number, _):
    raise SystemExit(128 + number)


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stderr)
        return 64
    bin_folder = binaries()
    if bin_folder is None:
        print("ci/postgres.py: skipped: the Debian package postgresql is not installed "
              "(ci/deps installs it)", file=sys.stderr)
        return 77
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_on_signal)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="deltagauge-postgres-"))
    try:
        return run_beside_server(sys.argv[1:], bin_folder, folder)
    except RuntimeError as error:
        print(f"ci/postgres.py: {error}", file=sys.stderr)
        return 70
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
