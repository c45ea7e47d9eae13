"""Backup and restore: the archive holds everything, and restoring never overwrites."""

from __future__ import annotations

import tarfile
from pathlib import Path

import psycopg
import pytest

from contactcenter.conversations.inbox import Inbox
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage
from contactcenter.errors import Conflict, InvalidInput
from contactcenter.store import archive
from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import Store, libpq

MESSAGE = InboundMessage(Channel.EMAIL, "k1", Identity(IdentityKind.EMAIL, "ann@customer.example"), raw=b"raw mail")


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres) -> str:
    with psycopg.connect(libpq(postgres.url("postgres")), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        connection.execute("CREATE DATABASE restored")
    return postgres.url("restored")


async def test_what_was_accepted_is_there_after_a_restore(
    store: Store, postgres: EmbeddedPostgres, empty_url: str, tmp_path: Path
) -> None:
    accepted = await Inbox(store).accept(MESSAGE)
    assert archive.backup(store.url, tmp_path, tmp_path / "b.tar", postgres) == 1
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert archive.restore(empty_url, fresh, tmp_path / "b.tar", postgres) == 1
    with psycopg.connect(libpq(empty_url)) as connection:
        row = connection.execute("SELECT id::text, raw_blob FROM message").fetchone()
    assert row is not None
    assert row[0] == accepted.message_id
    assert (fresh / "blobs" / row[1][:2] / row[1][2:]).read_bytes() == b"raw mail"
    assert (fresh / "instance.key").read_text() == (tmp_path / "instance.key").read_text()


async def test_a_database_with_messages_is_not_overwritten(
    store: Store, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await Inbox(store).accept(MESSAGE)
    archive.backup(store.url, tmp_path, tmp_path / "b.tar", postgres)
    with pytest.raises(Conflict):
        archive.restore(store.url, tmp_path, tmp_path / "b.tar", postgres)


def test_what_is_no_archive_of_ours_is_refused(postgres: EmbeddedPostgres, empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"not a tar")
    with tarfile.open(tmp_path / "y.tar", "w"):
        pass
    for name in ("x.tar", "y.tar"):
        with pytest.raises(InvalidInput):
            archive.restore(empty_url, tmp_path, tmp_path / name, postgres)
