"""Sends mail: composed, signed by the key of its domain, in its recipient's lane, through its sender's smart host."""

from __future__ import annotations

import socket
from dataclasses import replace

from contactcenter import clock
from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.lanes import Lanes
from contactcenter.channels.email.oauth import AccessTokens, TokenKeeper
from contactcenter.channels.email.smart_host import SmartHost, Token
from contactcenter.channels.email.trust.signing import Signer
from contactcenter.envelope import OutboundMessage, SendResult
from contactcenter.settings import Mailbox, Settings


class MailSender:
    """The :class:`contactcenter.envelope.Sender` of mail.

    A mailbox with ``outgoing`` of its own sends through that host, all others through ``[outgoing]``. One that is
    fetched with OAuth2 sends with it too, unless ``outgoing`` has a password.
    """

    def __init__(self, settings: Settings, keeper: TokenKeeper | None = None) -> None:
        hostname = settings.smtp.hostname or socket.gethostname()
        self._common = SmartHost(settings.outgoing, hostname)
        self._own = {
            box.address: SmartHost(box.outgoing, hostname, token=_token(box, keeper))
            for box in settings.mailboxes
            if box.outgoing is not None
        }
        self._lanes = Lanes(settings.outgoing.per_domain)
        self._signer = Signer(settings.outgoing.dkim)

    async def send(self, message: OutboundMessage) -> SendResult:
        """Hand the mail to its smart host; the external id is the Message-ID it was given beforehand."""
        host = self._own.get(message.sender.lower(), self._common)
        mail = compose(message, host.envelope_from)
        signed = self._signer.signed(mail.content, message.sender, message.created_at or clock.now())
        mail = replace(mail, content=signed)
        domain = mail.recipients[0].rpartition("@")[2]
        async with self._lanes.turn(domain, message.id):
            handed = await host.hand_over(mail)
        return SendResult(external_id=message.external_id, detail=handed.detail, refused=handed.refused)

    async def find(self, message: OutboundMessage) -> SendResult | None:  # noqa: ARG002  # the protocol's argument
        """SMTP cannot tell what became of an interrupted try."""
        return None

    async def close(self) -> None:
        """Say goodbye on the kept connections."""
        for host in (self._common, *self._own.values()):
            await host.close()


def _token(box: Mailbox, keeper: TokenKeeper | None) -> Token | None:
    """What a mailbox logs in with at its smart host where it has no password there; None: with a password or not."""
    imap, outgoing = box.imap, box.outgoing
    if imap is None or imap.auth != "xoauth2" or outgoing is None or not outgoing.user:
        return None
    if outgoing.password.get_secret_value():
        return None
    tokens = AccessTokens(imap, f"imap:{imap.user or box.address}@{imap.host}/{imap.folder}", keeper)
    return lambda fresh: tokens.token(fresh=fresh)
