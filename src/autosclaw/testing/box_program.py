"""A stand-in for the runner that does as it is told on standard input.

Runs alone, in any image that has Python: must import nothing of ours and nothing installed.
Orders are one line of JSON:
    spool_bytes   how much to write to the spool after the first line (bytes, default 0)
    no_spool      write no spool at all
    exit          end at once with this code; otherwise wait for SIGTERM
    on_term       "exit:N" (default "exit:0") or "ignore"
    child         leave a process in another session behind
    eat_bytes     fill that much memory
The first line of the spool tells what arrived: length and SHA-256 of the line, a nonce, pids.
"""

import argparse
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys

NO_BOOTSTRAP = 70
FILLER = b'{"seq":1,"event":{"text":"' + b"x" * 996 + b'"}}\n'


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", default="/work")
    parser.add_argument("--spool", default="/spool")
    parser.add_argument("--home", default="/home/agent")
    options = parser.parse_args()
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        sys.exit(NO_BOOTSTRAP)
    orders = json.loads(line)
    on_term = orders.get("on_term", "exit:0")
    if on_term == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        code = int(on_term.partition(":")[2])
        signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(code))
    child = leave_child() if orders.get("child") else None
    if not orders.get("no_spool"):
        seen = {
            "length": len(line),
            "sha256": hashlib.sha256(line).hexdigest(),
            "nonce": secrets.token_hex(8),
            "pid": os.getpid(),
            "child": child,
        }
        write_spool(options.spool, seen, orders.get("spool_bytes", 0))
    if orders.get("eat_bytes"):
        eaten = b"\1" * orders["eat_bytes"]
        sys.stdout.write(f"{len(eaten)}\n")
    if "exit" in orders:
        os._exit(orders["exit"])
    while True:
        signal.pause()


def leave_child() -> int:
    """A process that leaves the session and ignores SIGTERM."""
    program = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    child = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    pid, child.returncode = child.pid, 0
    return pid


def write_spool(folder: str, seen: object, filler_bytes: int) -> None:
    """The filler first under another name: a spool that can be seen is complete."""
    path = os.path.join(folder, "events.jsonl")
    with open(f"{path}.new", "wb") as file:
        file.write(json.dumps(seen).encode() + b"\n")
        left = filler_bytes
        while left > 0:
            file.write(FILLER[-left:])
            left -= len(FILLER)
    os.rename(f"{path}.new", path)


if __name__ == "__main__":
    main()
