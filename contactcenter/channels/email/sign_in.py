"""Signing in to a mail server by IMAP, and trying whether a mailbox can be read."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from imapclient.exceptions import IMAPClientError, LoginError

from contactcenter import __version__
from contactcenter.channels.email import folder
from contactcenter.channels.email.fetch_state import Watched
from contactcenter.channels.email.imap_client import PATIENCE, BoundedClient
from contactcenter.channels.email.oauth import AccessTokens, TokenKeeper
from contactcenter.channels.email.reach import Reach
from contactcenter.errors import ContactCenterError, InvalidInput
from contactcenter.settings import Imap, Mailbox

PROBE = 10.0  # seconds for an answer while an administrator waits


@dataclass(frozen=True, slots=True)
class Probe:
    """What a try found: ``trouble`` is empty when the mailbox can be read."""

    trouble: str = ""
    mails: int = 0
    pushes: bool = False


@contextmanager
def open_session(
    mailbox: Mailbox,
    reach: Reach | None,
    access_token: Callable[[bool], str],
    opened: Callable[[BoundedClient], None],
    patience: float = PATIENCE,
) -> Iterator[BoundedClient]:
    """A connection that is signed in; the server must prove its name before it hears a password.

    ``opened`` gets the connection before signing in; ``access_token(fresh)`` is asked for where the mailbox wants one.
    """
    imap = mailbox.imap
    if imap is None:
        raise ValueError(f"{mailbox.address} has no imap settings")
    if reach is not None:
        reach.check_port(imap.port)
    client = BoundedClient(imap.host, imap.port, tls=imap.tls is True, reach=reach, patience=patience)
    try:
        opened(client)
        if imap.tls == "starttls":
            client.starttls(ssl.create_default_context())
        _sign_in(client, imap, imap.user or mailbox.address, access_token)
        if client.has_capability("ID"):  # some servers (163.com) let nobody read who did not say his name, RFC 2971
            with suppress(IMAPClientError):
                client.id_({"name": "contactcenter", "version": __version__})
        yield client
        with suppress(OSError, IMAPClientError):
            client.logout()
    finally:
        with suppress(OSError, IMAPClientError):
            client.shutdown()


def _sign_in(client: BoundedClient, imap: Imap, user: str, access_token: Callable[[bool], str]) -> None:
    if imap.auth == "password":
        client.login(user, imap.password.get_secret_value())
        return
    try:
        client.bearer_login(user, access_token(False))
    except LoginError:  # a token can be withdrawn before its time
        client.bearer_login(user, access_token(True))


async def probe(watched: Watched, keeper: TokenKeeper | None = None) -> Probe:
    """Try to sign in and to open the folder; never raises for trouble outside, says it."""
    imap = watched.mailbox.imap
    if imap is None:
        raise ValueError(f"{watched.mailbox.address} has no imap settings")
    try:
        token = ""  # nosec B105 - an empty one
        if imap.auth == "xoauth2":
            key = f"imap:{imap.user or watched.mailbox.address}@{imap.host}/{imap.folder}"
            token = await AccessTokens(imap, key, keeper, watched.reach).token()
        return await asyncio.to_thread(_look_once, watched, imap, token)
    except InvalidInput as error:
        return Probe(str(error))
    except (ContactCenterError, OSError, imaplib.IMAP4.error, ValueError) as error:
        return Probe(folder.in_one_line(error))


def _look_once(watched: Watched, imap: Imap, token: str) -> Probe:
    with open_session(watched.mailbox, watched.reach, lambda _fresh: token, lambda _client: None, PROBE) as client:
        chosen = folder.choose(client, imap.folder, readonly=True)
        return Probe(mails=chosen.exists, pushes=imap.idle and client.has_capability("IDLE"))
