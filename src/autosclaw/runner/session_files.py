"""The CLI's own session files: mirrored into the transcript, and written back for a resume.

Must not read what is in them: they are the CLI's.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from claude_agent_sdk import project_key_for_directory

from autosclaw.protocol.events import SessionLog
from autosclaw.runner.environment import Places

# The text is ASCII JSON; inside an event each character takes at most two bytes.
FRAGMENT_CHARS = 250_000
# A sub-agent's metadata is mirrored as an entry of this type and kept in a file of its own.
_METADATA = "agent_metadata"


def fragments(subpath: str, entries: Iterable[Mapping[str, Any]]) -> list[SessionLog]:
    """The entries as JSON lines, in pieces that fit into events."""
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    return [
        SessionLog(subpath=subpath, text=text[start : start + FRAGMENT_CHARS])
        for start in range(0, len(text), FRAGMENT_CHARS)
    ]


def session_file(places: Places, session_id: str, subpath: str = "") -> Path:
    """Where the CLI keeps a session, or a part of one. Raises ValueError for an odd subpath."""
    project = places.cli_config / "projects" / project_key_for_directory(str(places.work))
    if not subpath:
        return project / f"{session_id}.jsonl"
    parts = PurePosixPath(subpath)
    if parts.is_absolute() or ".." in parts.parts or "\0" in subpath:
        raise ValueError("a part of the session log has a path outside the session")
    return project / session_id / f"{subpath}.jsonl"


def restore(places: Places, session_id: str, log: Mapping[str, str]) -> None:
    """Write a session log (subpath → JSON lines) where the CLI looks for it."""
    for subpath, text in log.items():
        path = session_file(places, session_id, subpath)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines: list[str] = []
        metadata: dict[str, Any] | None = None
        for line in text.splitlines():
            entry = json.loads(line) if f'"{_METADATA}"' in line else None
            if entry is not None and entry.get("type") == _METADATA:
                metadata = {name: value for name, value in entry.items() if name != "type"}
            elif line:
                lines.append(line + "\n")
        path.write_text("".join(lines))
        if metadata is not None:
            path.with_suffix(".meta.json").write_text(json.dumps(metadata))
