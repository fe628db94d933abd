"""Keys the installation makes for itself."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autosclaw.manager.keys import KeyFileError, load_or_create


def test_made_once_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "jwt"
    key = load_or_create(path)
    assert len(key) == 64
    assert load_or_create(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_or_create(tmp_path / "other") != key


def test_many_at_once_get_the_same_key(tmp_path: Path) -> None:
    for attempt in range(20):
        path = tmp_path / str(attempt)
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(load_or_create, [path] * 8))
        assert len(keys) == 1
        assert path.read_text() in keys


def test_another_process_in_the_middle_of_it_gets_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jwt"
    others: list[str] = []
    original = os.fsync

    def meanwhile(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", original)
        others.append(load_or_create(path))
        original(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    assert [load_or_create(path)] == others
    assert [path.name] == [left.name for left in tmp_path.iterdir()]


def test_a_key_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("abc")
    with pytest.raises(KeyFileError, match="short") as refused:
        load_or_create(short)
    assert "abc" not in str(refused.value)
    with pytest.raises(KeyFileError, match="folder"):
        load_or_create(short / "folder" / "jwt")
