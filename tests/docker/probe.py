"""Runs inside a container as the agent's own command and looks for secrets wherever it can.

Tells what it found as one line of JSON: where, and which kind; never the secret itself. The
secrets are not in this text: canaries are known by their shape, tokens by their SHA-256.
"""

import hashlib
import json
import os
import re
import sys
import time

SHAPE = re.compile(b"cnry" + b"7k3-([a-z]+)-[0-9a-f]{16}")
HEX = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
WRITABLE = ("/work", "/spool", "/tmp", "/home/agent", "/dev/shm")
CHUNK = 8 << 20
OVERLAP = 256
PAGE = os.sysconf("SC_PAGE_SIZE")
began = time.monotonic()
known = dict(pair.split("=", 1) for pair in sys.argv[1:])
found, denied, looked = [], [], {"files": 0, "mem": 0, "environ": 0, "cmdline": 0, "bytes": 0}


def whole(path):
    with open(path, "rb") as file:
        return file.read()


def look(data, where, tokens=True):
    looked["bytes"] += len(data)
    for match in SHAPE.finditer(data):
        found.append([match[1].decode(), where])
    for match in HEX.finditer(data) if tokens else ():
        kind = known.get(hashlib.sha256(match[0]).hexdigest())
        if kind is not None:
            found.append([kind, where])


def look_at_file(path, tokens):
    looked["files"] += 1
    with open(path, "rb") as file:
        tail = b""
        while part := file.read(CHUNK):
            look(tail + part, path, tokens)
            tail = part[-OVERLAP:]


def look_at_disk(top, tokens):
    device = os.lstat(top).st_dev
    for folder, folders, names in os.walk(top):
        folders[:] = [f for f in folders if os.lstat(os.path.join(folder, f)).st_dev == device]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                try:
                    look_at_file(path, tokens)
                except OSError:
                    continue


def present(pagemap, begin, end):
    """Spans of pages that are there: most of a large program's addresses were never touched."""
    pagemap.seek(begin // PAGE * 8)
    entries = pagemap.read((end - begin) // PAGE * 8)
    since = None
    for at in range(begin, end + PAGE, PAGE):
        index = (at - begin) // PAGE * 8
        there = at < end and index + 7 < len(entries) and entries[index + 7] & 0xC0
        if there and since is None:
            since = at
        elif not there and since is not None:
            yield since, at
            since = None


def look_at_memory(pid):
    base = f"/proc/{pid}"
    with (
        open(f"{base}/maps") as maps,
        open(f"{base}/mem", "rb", 0) as memory,
        open(f"{base}/pagemap", "rb", 0) as pagemap,
    ):
        for line in maps:
            span, rights = line.split()[:2]
            begin, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw"):
                continue
            for start, stop in present(pagemap, begin, end):
                try:
                    memory.seek(start)
                    data = memory.read(stop - start)
                except (OSError, ValueError, OverflowError):
                    continue
                # Its own copies of what it read are no finding.
                look(data, f"{base}/mem", pid != os.getpid())
    looked["mem"] += 1


for name in sorted(os.listdir("/proc")):
    if not name.isdigit():
        continue
    try:
        title = whole(f"/proc/{name}/cmdline").replace(b"\0", b" ").decode()[:60]
    except OSError:
        continue
    for part in ("cmdline", "environ"):
        try:
            look(whole(f"/proc/{name}/{part}"), f"/proc/{name}/{part}")
            looked[part] += 1
        except OSError:
            denied.append([part, title])
    try:
        look_at_memory(int(name))
    except OSError:
        denied.append(["mem", title])
    try:
        for number in os.listdir(f"/proc/{name}/fd"):
            os.readlink(f"/proc/{name}/fd/{number}")
    except OSError:
        denied.append(["fd", title])

look_at_disk("/", tokens=False)
for place in WRITABLE:
    if os.path.isdir(place):
        look_at_disk(place, tokens=True)
unique = sorted({(kind, re.sub(r"^/proc/\d+", "/proc/N", where)) for kind, where in found})
looked["seconds"] = round(time.monotonic() - began, 1)
print(json.dumps({"found": unique, "denied": denied, "looked": looked}))
