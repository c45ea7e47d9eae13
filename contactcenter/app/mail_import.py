"""Takes old mail in from files. It can be broken off and begun again: what is there already is passed over.

The mails wait like any others; a worker understands them. Their tickets carry the time at which they arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.channels.email.mail_files import FiledMail, arrival, is_mail
from contactcenter.channels.email.plus_tags import fold
from contactcenter.conversations.inbox import Inbox
from contactcenter.envelope import InboundMessage
from contactcenter.errors import InvalidInput
from contactcenter.settings import Settings
from contactcenter.store.store import Store
from contactcenter.tickets.directory import Directory

BATCH = 100  # mails of one transaction


@dataclass(slots=True)
class ImportReport:
    """What became of the mails: how many of each, and the names of those left out."""

    taken: int = 0
    known: int = 0  # were there already, or twice in the files
    ours: int = 0  # written by ourselves: copies of sent mail
    left_out: dict[str, str] = field(default_factory=dict)  # name → reason


@dataclass(frozen=True, slots=True)
class MailImport:
    """An import into one of our mailboxes.

    ``answer`` lets the machine answer as if the mails came in now. ``closed`` takes them in as history: their tickets
    are closed and wake nobody.
    """

    settings: Settings
    store: Store
    mailbox: str
    answer: bool = False
    closed: bool = False

    async def run(self, mails: Iterable[FiledMail], advance: Callable[[int], None]) -> ImportReport:
        """Take the mails in; ``advance`` hears of each batch's bytes once it is durable.

        Raises :class:`InvalidInput` when the mailbox is not ours.
        """
        directory = Directory(self.settings, self.store)
        address = fold(self.mailbox)
        if not await directory.knows(address):
            raise InvalidInput(f"{self.mailbox} is none of our mailboxes: add it to the settings or in the console")
        queue, own = await directory.queue_of(address), directory.own_addresses()
        inbox, report, rest = Inbox(self.store), ImportReport(), iter(mails)
        while batch := list(islice(rest, BATCH)):
            wanted = [message for mail in batch if (message := self._message(mail, queue, own, report))]
            fresh = await inbox.accept_many(wanted)
            report.taken += sum(fresh)
            report.known += len(fresh) - sum(fresh)
            advance(sum(mail.size for mail in batch))
        return report

    def _message(self, mail: FiledMail, queue: str, own: frozenset[str], report: ImportReport) -> InboundMessage | None:
        """The mail as a door would hand it over; None, and noted in the report, where it is not taken."""
        raw = mail.raw
        if raw is None or not is_mail(raw):
            report.left_out[mail.name] = "cannot be read" if raw is None else "is no mail"
            return None
        if len(raw) > self.settings.smtp.max_size:
            report.left_out[mail.name] = f"is larger than smtp.max_size ({len(raw)} bytes)"
            return None
        message = inbound_mail(
            raw,
            recipients=(self.mailbox,),
            queue=queue,
            received_at=arrival(raw),
            may_answer=self.answer,
            envelope={
                "door": "import",
                "file": mail.name[-500:],
                "recipients": [self.mailbox],
                "trusted": False,
                "assumed": False,
                "history": self.closed,
            },
        )
        if fold(message.sender.value) in own:
            report.ours += 1
            return None
        return message
