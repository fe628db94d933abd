"""A file comes out of a tar stream whole, however the stream is cut."""

import io
import tarfile
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autosclaw.manager.runtimes.docker_archive import only_file

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def archive(content: bytes, form: int = tarfile.PAX_FORMAT, name: str = "events.jsonl") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mtime = 1.5 if form == tarfile.PAX_FORMAT else 1
        tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def entry(kind: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        info = tarfile.TarInfo("events.jsonl")
        info.type, info.linkname, info.size = kind, "/etc/passwd", 7
        tar.addfile(info, io.BytesIO(b"content"))
    return target.getvalue()


async def cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def extracted(data: bytes, size: int = 700, limit: int = 1 << 20) -> bytes:
    return b"".join([chunk async for chunk in only_file(cut(data, size), limit)])


@given(
    content=st.binary(max_size=3000),
    size=st.integers(1, 2000),
    form=st.sampled_from(FORMATS),
    long=st.booleans(),
)
async def test_content_survives_every_cut(content: bytes, size: int, form: int, long: bool) -> None:
    name = "n" * (150 if long and form != tarfile.USTAR_FORMAT else 5)
    assert await extracted(archive(content, form, name), size) == content


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
async def test_what_is_no_regular_file_gives_nothing(kind: bytes) -> None:
    assert await extracted(entry(kind)) == b""


async def test_a_file_is_read_up_to_the_limit() -> None:
    assert await extracted(archive(b"x" * 5000), limit=1234) == b"x" * 1234


async def test_a_stream_that_ends_early_gives_what_came() -> None:
    whole = archive(b"x" * 5000, tarfile.USTAR_FORMAT)
    assert await extracted(whole[: 512 + 100]) == b"x" * 100
    assert await extracted(whole[:100]) == b""
    assert await extracted(b"") == b""


@given(garbage=st.binary(max_size=2000))
async def test_garbage_is_never_an_error(garbage: bytes) -> None:
    assert len(await extracted(garbage)) <= 2000
