"""Reads what a mail door accepted: the bytes understood, and judged by what the door itself saw.

A header is only believed where the envelope says that the machine which wrote it is ours: Authentication-Results and
spam marks count from relays in ``smtp.trusted`` and from the server of a mailbox that we fetch from, under the name
(authserv-id) that the settings give; from anyone else they are the sender's own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contactcenter.channels.email.addresses import Address
from contactcenter.channels.email.authentication import Authentication, evaluate
from contactcenter.channels.email.mime import ReadMail, body_digest, read_mail
from contactcenter.channels.email.plus_tags import find_token, fold
from contactcenter.envelope import Content, FileContent, Identity, IdentityKind, InboundMessage
from contactcenter.settings import Settings

OwnAddresses = Callable[[], frozenset[str]]


class MailReader:
    """The :class:`contactcenter.envelope.ContentReader` of mail. Pure, thread-safe, never raises."""

    def __init__(self, settings: Settings, made: OwnAddresses = frozenset) -> None:
        """``made`` tells our addresses besides those of the settings, as they stand at each mail."""
        self._fixed = frozenset(fold(box.address) for box in settings.mailboxes)
        self._made = made
        self._authserv_id = settings.smtp.authserv_id
        self._fetched = {box.address: box.imap.authserv_id for box in settings.mailboxes if box.imap is not None}

    def __call__(self, message: InboundMessage) -> Content:
        """The message understood as far as e-mail goes."""
        mail = read_mail(message.raw or b"")
        envelope = message.envelope
        results = self._authentication(message, mail)
        sender = mail.from_.address.lower() or message.sender.value
        ours = self._fixed | self._made()
        from_us = fold(sender) in ours
        null_path = envelope.get("door") == "smtp" and not envelope.get("mail_from")
        to, cc = _addresses(mail.to), _addresses(mail.cc)
        replies = _addresses(mail.reply_to)
        return Content(
            sender=Identity(IdentityKind.EMAIL, sender, mail.from_.name[:200]),
            text=mail.text,
            visible_text=mail.visible_text,
            subject=mail.subject,
            html=mail.html_safe,
            quoted_text=mail.quoted_text,
            signature=mail.signature,
            external_id=mail.message_id,
            in_reply_to=mail.in_reply_to[0] if mail.in_reply_to else "",
            references=_references(mail),
            to=to,
            cc=cc,
            reply_to=replies[0] if replies else "",
            sent_at=mail.date,
            kind=mail.kind,
            bounced=mail.bounce,
            automatic=mail.automatic or from_us or null_path,
            spam=mail.spam_marked and bool(envelope.get("trusted")),
            authenticated=results.authenticated,
            authentication={"spf": results.spf, "dkim": results.dkim, "dmarc": results.dmarc},
            files=tuple(
                FileContent(file.filename, file.content_type, file.content, file.inline, file.content_id)
                for file in mail.attachments
            ),
            digest=body_digest(mail),
            reply_token=find_token([*message.recipients, *to, *cc], ours),
            warnings=mail.warnings,
        )

    def _authentication(self, message: InboundMessage, mail: ReadMail) -> Authentication:
        """Who vouches for the sender: nobody, when it is unclear who that is."""
        envelope = message.envelope
        domain = mail.from_.domain
        results = Authentication()
        if envelope.get("trusted"):
            name = self._authserv_id
            if envelope.get("door") == "imap":
                name = self._fetched.get(str(envelope.get("mailbox", "")), "")
            results = evaluate(mail.auth_results, domain, (name,) if name else ())
        vouched = results.authenticated or envelope.get("assumed") is True
        clear = bool(domain) and not mail.ambiguous_sender
        return Authentication(results.spf, results.dkim, results.dmarc, vouched and clear)


def _addresses(people: Iterable[Address]) -> tuple[str, ...]:
    """The addresses of people, those without one left out."""
    return tuple(one.address for one in people if one.address)


def _references(mail: ReadMail) -> tuple[str, ...]:
    """The chain of ancestors; further ids of In-Reply-To belong to it."""
    return tuple(dict.fromkeys([*mail.references, *mail.in_reply_to[1:]]))
