"""Blobs: named by content, written once, never outside their folder."""

import hashlib
from pathlib import Path

import pytest

from contactcenter.errors import NotFound, Unavailable
from contactcenter.store.blobs import Blobs


async def test_a_blob_is_named_by_its_content(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    name = await blobs.put(b"hello")
    assert name == hashlib.sha256(b"hello").hexdigest()
    assert await blobs.read(name) == b"hello"


async def test_the_same_content_twice_is_one_file(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    await blobs.put(b"hello")
    await blobs.put(b"hello")
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63])
def test_what_is_no_blob_name_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        Blobs(tmp_path).path(name)


async def test_a_disk_that_does_not_take_it_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    blobs = Blobs(tmp_path / "blobs")
    monkeypatch.setattr("contactcenter.store.blobs.os.fsync", full)
    with pytest.raises(Unavailable):
        await blobs.put(b"hello")
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
