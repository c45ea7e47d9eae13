"""Notices: mail from the service itself to its staff (password links). Not part of any conversation.

What a notice says lies sealed in its job, so that a link is never readable in the database.
"""

from __future__ import annotations

import json

from contactcenter import clock
from contactcenter.envelope import Channel, Identity, IdentityKind, OutboundMessage, Sender
from contactcenter.store.jobs import OUTBOUND
from contactcenter.store.secrets import Secrets
from contactcenter.store.unit_of_work import UnitOfWork

NOTIFY = "notify"
"""Name of the job that sends one notice."""

_PURPOSE = "notice"


async def queue_notice(uow: UnitOfWork, secrets: Secrets, *, to: str, subject: str, text: str) -> None:
    """Send a mail to a member of staff when this transaction commits."""
    sealed = secrets.seal(json.dumps({"to": to, "subject": subject, "text": text}), _PURPOSE)
    await uow.defer(NOTIFY, queue=OUTBOUND, args={"sealed": sealed})


class Notices:
    """Sends queued notices through the mail channel."""

    def __init__(self, secrets: Secrets, sender: Sender, from_address: str) -> None:
        self._secrets = secrets
        self._sender = sender
        self._from = from_address

    async def send(self, sealed: str) -> None:
        """The job. A delivery error makes the job queue try again."""
        notice = json.loads(self._secrets.unseal(sealed, _PURPOSE))
        message_id = clock.new_id()
        domain = self._from.rpartition("@")[2] or "contactcenter.invalid"
        await self._sender.send(
            OutboundMessage(
                id=message_id,
                channel=Channel.EMAIL,
                to=Identity(IdentityKind.EMAIL, notice["to"]),
                text=notice["text"],
                subject=notice["subject"],
                sender=self._from,
                external_id=f"{message_id}@{domain}",
                automatic=True,
                created_at=clock.now(),
            )
        )
