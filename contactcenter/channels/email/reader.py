"""Reads what a mail door accepted: the bytes understood, and judged by what the door itself saw.

A header is only believed where the envelope says that the machine which wrote it is ours: Authentication-Results and
spam marks count from relays in ``smtp.trusted`` and from the server of a mailbox that we fetch from, under the name
(authserv-id) that the settings give; from anyone else they are the sender's own words. Where nobody is believed, the
sender is judged by what the DNS said before (``envelope["evidence"]``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from contactcenter.channels.email.addresses import Address
from contactcenter.channels.email.authentication import Authentication, evaluate
from contactcenter.channels.email.forwarded import attached_mail, forwarded_in
from contactcenter.channels.email.judgement import judge
from contactcenter.channels.email.mime import ReadMail, body_digest, read_mail
from contactcenter.channels.email.plus_tags import find_token, fold
from contactcenter.channels.email.trust.evidence import Evidence
from contactcenter.envelope import Content, FileContent, Forwarded, Identity, IdentityKind, InboundMessage, MessageKind

if TYPE_CHECKING:
    from contactcenter.settings import Settings  # the confined child knows none, and starts the sooner

OwnAddresses = Callable[[], frozenset[str]]
ASSUMED = "assumed"
"""Who judged mail from networks that count as authenticated without proof."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What a reader must know of us.

    ``addresses`` (folded) are those of the settings; ``authserv_ids``: by door, whose Authentication-Results are ours.
    """

    addresses: frozenset[str]
    authserv_ids: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say."""
        addresses = frozenset(fold(box.address) for box in settings.mailboxes)
        return cls(addresses, {"smtp": settings.smtp.authserv_id, "lmtp": settings.lmtp.authserv_id})


class MailReader:
    """The :class:`contactcenter.envelope.ContentReader` of mail. Pure, thread-safe, never raises."""

    def __init__(self, ours: Ours, made: OwnAddresses = frozenset) -> None:
        """``made`` tells our addresses besides those of the settings, as they stand at each mail."""
        self._ours = ours
        self._made = made

    def __call__(self, message: InboundMessage) -> Content:
        """The message understood as far as e-mail goes."""
        mail = read_mail(message.raw or b"")
        envelope = message.envelope
        results = self._authentication(message, mail)
        sender = mail.from_.address.lower() or message.sender.value
        ours = self._ours.addresses | self._made()
        from_us = fold(sender) in ours
        null_path = envelope.get("door") in ("smtp", "lmtp") and not envelope.get("mail_from")
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
            returned=mail.returned,
            returned_token=find_token(mail.returned_reply_to, ours),
            arrived=mail.arrived,
            automatic=mail.automatic or from_us or null_path,
            spam=mail.spam_marked and bool(envelope.get("trusted")),
            authenticated=results.authenticated,
            authentication={**results.words(), **mail.seals},
            files=tuple(
                FileContent(file.filename, file.content_type, file.content, file.inline, file.content_id)
                for file in mail.attachments
            ),
            digest=body_digest(mail),
            reply_token=find_token([*message.recipients, *to, *cc], ours),
            own=from_us,
            forwarded=_passed_on(mail, ours),
            warnings=mail.warnings,
        )

    def _authentication(self, message: InboundMessage, mail: ReadMail) -> Authentication:
        """Who vouches for the sender: nobody, when it is unclear who that is."""
        envelope = message.envelope
        domain = mail.from_.domain
        name = self._believed(envelope)
        evidence = envelope.get("evidence")
        if name:
            results = replace(evaluate(mail.auth_results, domain, (name,)), details={"judge": name})
        elif isinstance(evidence, Evidence):
            results = judge(message.raw or b"", evidence, domain)
        else:
            results = Authentication()
        if envelope.get("assumed") is True:
            results = replace(results, authenticated=True, details={"judge": ASSUMED})
        clear = bool(domain) and not mail.ambiguous_sender
        return results if clear or not results.authenticated else replace(results, authenticated=False)

    def _believed(self, envelope: Mapping[str, Any]) -> str:
        """Whose Authentication-Results count for mail that came this way; empty where nobody's do."""
        if not envelope.get("trusted"):
            return ""
        return self._ours.authserv_ids.get(str(envelope.get("door", ""))) or str(envelope.get("authserv_id", ""))


def _addresses(people: Iterable[Address]) -> tuple[str, ...]:
    """The addresses of people, those without one left out."""
    return tuple(one.address for one in people if one.address)


def _passed_on(mail: ReadMail, ours: Collection[str]) -> Forwarded | None:
    """The mail of somebody else that this one passes on, attached or in its body."""
    if mail.kind is not MessageKind.MESSAGE:
        return None
    attached = [file for file in mail.attachments if file.content_type == "message/rfc822"]
    if len(attached) == 1:
        found = attached_mail(mail.text, read_mail(attached[0].content))
    else:
        found = forwarded_in(mail.subject, mail.text)
    return found if found is not None and fold(found.sender.value) not in ours else None


def _references(mail: ReadMail) -> tuple[str, ...]:
    """The chain of ancestors; further ids of In-Reply-To belong to it."""
    return tuple(dict.fromkeys([*mail.references, *mail.in_reply_to[1:]]))
