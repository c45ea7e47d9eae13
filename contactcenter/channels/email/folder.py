"""What is asked of a mailbox's folder: which mails are new, their sizes, the mails, and to mark them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imapclient import DELETED, SEEN
from imapclient.exceptions import IMAPClientError, ProtocolError

from contactcenter.channels.email.fetch_state import Place
from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.channels.email.imap_client import BoundedClient
from contactcenter.envelope import InboundMessage
from contactcenter.errors import ContactCenterError
from contactcenter.settings import Mailbox

WINDOW = 20_000  # mails looked through by one SEARCH: its answer must stay within an answer's bounds
LAST = 2**32  # UIDs are below it
_HEADERS = 4096  # bytes a mail may be larger than the server says; some say it before they add a header


@dataclass(frozen=True, slots=True)
class Chosen:
    """A folder that was opened. ``uidnext`` is 0 where the server does not say it."""

    uidvalidity: int
    exists: int
    uidnext: int


def choose(client: BoundedClient, folder: str, *, readonly: bool) -> Chosen:
    """Open a folder. Raises :class:`ProtocolError` for a server that does not number its mails."""
    found = client.select_folder(folder, readonly=readonly)
    try:
        return Chosen(
            int(found[b"UIDVALIDITY"]), min(int(found.get(b"EXISTS", 0)), LAST), int(found.get(b"UIDNEXT", 0))
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError("the server does not say how its mails are numbered") from error


def uids_above(client: BoundedClient, chosen: Chosen, last: int) -> list[int]:
    """The mails with a greater UID, in order.

    Looked for from the newest on, in parts: what somebody else removes in between moves older mails up, which at worst
    shows one twice.
    """
    found: set[int] = set()
    high = chosen.exists
    while high > 0:
        low = max(1, high - WINDOW + 1)
        end = "*" if high == chosen.exists else str(high)
        # "n:*" also names the last mail when its UID is below n (RFC 9051, 9: seq-range).
        part = {uid for uid in client.search([f"{low}:{end}", "UID", f"{last + 1}:*"]) if last < uid < LAST}
        found |= part
        if not part:
            break
        high = low - 1
    return sorted(found)


def last_uid(client: BoundedClient, chosen: Chosen) -> int:
    """The greatest UID that is there now, or the one before the next."""
    return chosen.uidnext - 1 if chosen.uidnext else max(uids_above(client, chosen, 0), default=0)


def still_there(client: BoundedClient, uids: Sequence[int]) -> list[int]:
    """Which of some mails were not removed."""
    if not uids:
        return []
    there = set(client.search(["UID", ",".join(str(uid) for uid in uids)]))
    return [uid for uid in uids if uid in there]


def sizes(client: BoundedClient, uids: Sequence[int]) -> dict[int, int]:
    """Bytes of each mail; what was removed in the meantime is missing.

    Raises :class:`ProtocolError` when the server keeps quiet about a mail that is there.
    """
    answer = client.fetch(list(uids), ["RFC822.SIZE"])
    found = {uid: int(one[b"RFC822.SIZE"]) for uid, one in answer.items() if b"RFC822.SIZE" in one}
    _nothing_withheld(client, uids, found)
    return found


def mails(client: BoundedClient, wanted: Mapping[int, int]) -> dict[int, dict[bytes, Any]]:
    """The mails of these UIDs and sizes, as they are, in the order asked for; raises as :func:`sizes`."""
    room = sum(wanted.values()) + _HEADERS * len(wanted)
    answer = client.fetch_within(list(wanted), ["BODY.PEEK[]", "INTERNALDATE"], room)
    found = {uid: answer[uid] for uid in wanted if _is_mail(answer.get(uid, {}).get(b"BODY[]"), wanted[uid])}
    _nothing_withheld(client, list(wanted), found)
    return found


def _is_mail(body: object, size: int) -> bool:
    return isinstance(body, bytes) and (bool(body) or not size)


def _nothing_withheld(client: BoundedClient, asked: Sequence[int], found: Mapping[int, object]) -> None:
    missing = [uid for uid in asked if uid not in found]
    if missing and still_there(client, missing):
        raise ProtocolError(f"the server gave half an answer: mail {missing[0]} is missing")


def message(mailbox: Mailbox, place: Place, uid: int, mail: Mapping[bytes, Any]) -> InboundMessage:
    """A mail of the folder as the sink takes it."""
    arrived = mail.get(b"INTERNALDATE")
    return inbound_mail(
        mail[b"BODY[]"],
        recipients=(mailbox.address,),
        queue=mailbox.queue,
        received_at=arrived.astimezone(UTC) if isinstance(arrived, datetime) else None,
        may_answer=uid > place.quiet_until,
        envelope={
            "door": "imap",
            "mailbox": mailbox.address,
            "recipients": [mailbox.address],
            "uid": uid,
            "uidvalidity": place.uidvalidity,
            # The server that keeps the mailbox writes under this name, and takes forged results out.
            "trusted": bool(mailbox.imap and mailbox.imap.authserv_id),
            "authserv_id": mailbox.imap.authserv_id if mailbox.imap else "",
            "assumed": False,
        },
    )


def mark(client: BoundedClient, uids: Sequence[int], move_to: str) -> None:
    """Mark mails as seen and, with ``move_to``, put them into that folder (RFC 6851, or as before it)."""
    client.add_flags(list(uids), [SEEN], silent=True)
    if not move_to:
        return
    if client.has_capability("MOVE"):
        client.move(list(uids), move_to)
        return
    client.copy(list(uids), move_to)
    client.add_flags(list(uids), [DELETED], silent=True)
    if client.has_capability("UIDPLUS"):  # a plain EXPUNGE would also remove what somebody else marked
        client.uid_expunge(list(uids))


def make_sure_of(client: BoundedClient, folder: str) -> None:
    """Make a folder where there is none. A server that refuses says so when mail is moved."""
    if not client.folder_exists(folder):
        with suppress(IMAPClientError):
            client.create_folder(folder)
            client.subscribe_folder(folder)


def in_one_line(error: BaseException) -> str:
    """What went wrong, short, and nothing in it that could break a line or a page."""
    said = str(error)
    ours = isinstance(error, ContactCenterError)  # its words are for people already
    words = said if said and ours else f"{type(error).__name__}: {said}" if said else type(error).__name__
    return "".join(char if char.isprintable() else " " for char in words)[:300]
