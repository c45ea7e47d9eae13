"""The embedded server: starts, is shared, survives what a crash leaves, and stops with its last user."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import libpq


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cc-pg-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def answer(server: EmbeddedPostgres) -> object:
    with psycopg.connect(libpq(server.url("postgres")), autocommit=True) as connection:
        row = connection.execute("SELECT 42").fetchone()
        return row[0] if row else None


def postmaster(data: Path) -> psutil.Process:
    return psutil.Process(int((data / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]))


def test_it_starts_answers_and_is_gone_afterwards(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        assert answer(server) == 42
        process = postmaster(data)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_the_last_user_stops_it(data: Path) -> None:
    first, second = EmbeddedPostgres(data), EmbeddedPostgres(data)
    first.start()
    second.start()
    first.stop()
    assert answer(second) == 42
    second.stop()
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_it_listens_on_no_network_port(data: Path) -> None:
    with EmbeddedPostgres(data):
        assert [c for c in postmaster(data).net_connections(kind="inet") if c.status == psutil.CONN_LISTEN] == []


def test_it_starts_again_after_it_was_killed(data: Path) -> None:
    server = EmbeddedPostgres(data)
    server.start()
    with psycopg.connect(libpq(server.url("postgres")), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(postmaster(data).pid, signal.SIGKILL)
    server.ensure()
    with psycopg.connect(libpq(server.url("postgres"))) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    server.stop()


def test_a_lock_file_that_names_another_program_is_cleared(data: Path) -> None:
    with EmbeddedPostgres(data):
        pass
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    with EmbeddedPostgres(data) as server:
        assert answer(server) == 42


def test_a_server_that_a_crash_left_running_is_taken_over(data: Path) -> None:
    orphaned = EmbeddedPostgres(data)
    orphaned.start()
    before = postmaster(data).pid
    orphaned._users.close()  # type: ignore[union-attr]  # its user died: the kernel dropped his lock
    with EmbeddedPostgres(data) as server:
        assert answer(server) == 42
        assert postmaster(data).pid == before
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_a_long_data_path_gets_a_short_socket(data: Path) -> None:
    deep = data / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with EmbeddedPostgres(deep) as server:
        assert answer(server) == 42
        assert len(os.fsencode(server.sockets)) < 90
