"""A private Dovecot: its own process, its own folder, its own ports."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.service import free_port

CERTIFICATE = Path(__file__).parent / "localhost.pem"
PASSWORD = "secret"

CONFIG = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{root}/mail/%n
first_valid_uid = 1
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
default_vsz_limit = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%n
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
  chroot =
}}
"""


class Dovecot:
    """A running server; every user name is good with :data:`PASSWORD`."""

    def __init__(self, program: str):
        self.program = program
        self.root = Path(tempfile.mkdtemp(prefix="dc-"))
        self.plain, self.tls = free_port(), free_port()

    def start(self):
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid())
        self.owner = owner = pwd.getpwnam("nobody") if root else me
        (self.root / "mail").mkdir()
        self.root.chmod(0o755)
        os.chown(self.root / "mail", owner.pw_uid, owner.pw_gid)
        config = self.root / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                root=self.root,
                certificate=CERTIFICATE,
                internal="dovecot" if root else me.pw_name,
                group="dovecot" if root else _group(me.pw_gid),
                login="dovenull" if root else me.pw_name,
                password=PASSWORD,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                plain=self.plain,
                tls=self.tls,
            )
        )
        self.launch()

    def launch(self) -> None:
        """Start it over what is there, and wait until it greets."""
        command = [self.program, "-F", "-c", self.root / "dovecot.conf"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError(f"Dovecot ended: {self.process.stderr.read().decode()}")
            try:
                with socket.create_connection(("127.0.0.1", self.plain), timeout=5) as sock:
                    if sock.recv(4) == b"* OK":
                        return
            except OSError:
                self._wait(0.05)
        raise RuntimeError(f"Dovecot does not answer: {(self.root / 'log').read_text()}")

    def _wait(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def kill9(self) -> None:
        """SIGKILL for all of its processes."""
        master = psutil.Process(self.process.pid)
        master.suspend()  # else it starts new ones while its children are being counted
        for part in [*master.children(recursive=True), master]:
            with contextlib.suppress(psutil.NoSuchProcess):
                part.kill()
        self.process.wait(10)
        self.process.stderr.close()

    def put(self, user: str, name: str, mail: bytes) -> None:
        """Deliver into the user's inbox as a delivery program does, whether the server runs or not."""
        inbox = self.root / "mail" / user
        for folder in (inbox, inbox / "tmp", inbox / "new", inbox / "cur"):
            if not folder.exists():
                folder.mkdir()
                os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)
        (inbox / "tmp" / name).write_bytes(mail)
        os.chown(inbox / "tmp" / name, self.owner.pw_uid, self.owner.pw_gid)
        (inbox / "tmp" / name).rename(inbox / "new" / name)

    def renumber(self, user: str) -> None:
        """Forget how the user's mails are numbered, while the server is down: UIDVALIDITY becomes another."""
        for file in (self.root / "mail" / user).glob("dovecot*"):
            file.unlink()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()
        shutil.rmtree(self.root, ignore_errors=True)


def _group(gid):
    import grp

    return grp.getgrgid(gid).gr_name


def require() -> str:
    """The program; without it the test is skipped, or fails where everything must run."""
    program = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    if program is None:
        reason = "Dovecot is not installed: apt install dovecot-imapd, or brew install dovecot"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return program
