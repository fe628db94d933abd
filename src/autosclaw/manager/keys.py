"""Secrets the installation makes for itself: one file each, readable by its owner only.

Must not print or log a key.
"""

import os
import secrets
from pathlib import Path


class KeyFileError(Exception):
    """A key file cannot be read or made; the sentence names the file, never its content."""


def load_or_create(path: Path, length_bytes: int = 32) -> str:
    """The key in `path`, made on first use (mode 0600). Two processes at once get the same."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(length_bytes))
                file.flush()
                os.fsync(file.fileno())
        key = path.read_text().strip()
    except OSError as error:
        raise KeyFileError(f"the key file {path} cannot be used: {error.strerror}") from error
    if len(key) < length_bytes:
        raise KeyFileError(f"the key file {path} is too short: remove it to get a new one")
    return key
