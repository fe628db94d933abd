"""Secrets the installation makes for itself: one file each, readable by its owner only.

Must not print or log a key.
"""

import contextlib
import os
import secrets
from pathlib import Path


class KeyFileError(Exception):
    """A key file cannot be read or made; the sentence names the file, never its content."""


def load_or_create(path: Path, length_bytes: int = 32) -> str:
    """The key in `path`, made on first use (mode 0600). Two processes at once get the same."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path, secrets.token_hex(length_bytes))
        key = path.read_text().strip()
    except OSError as error:
        raise KeyFileError(f"the key file {path} cannot be used: {error.strerror}") from error
    if len(key) < length_bytes:
        raise KeyFileError(f"the key file {path} is too short: remove it to get a new one")
    return key


def _create(path: Path, key: str) -> None:
    """Whole or not at all; a file that another process made meanwhile stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
