"""The channels there are: one folder each, one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contactcenter.channels.email.confined import ConfinedReader
from contactcenter.channels.email.oauth import TokenKeeper
from contactcenter.channels.email.reader import OwnAddresses
from contactcenter.channels.email.sending import MailSender
from contactcenter.channels.manual import reader as manual
from contactcenter.channels.sms import reader as sms
from contactcenter.channels.sms.sender import TwilioSender
from contactcenter.channels.webchat import reader as webchat
from contactcenter.channels.webchat.sender import ChatSender
from contactcenter.envelope import Channel, ContentReader, Sender
from contactcenter.settings import Settings


@dataclass(frozen=True, slots=True)
class ChannelEntry:
    """How messages of some channels are read, and how they go out (None: they do not)."""

    channels: tuple[Channel, ...]
    reader: Callable[[Settings, OwnAddresses], ContentReader]
    sender: Callable[[Settings, TokenKeeper | None], Sender] | None = None


REGISTRY = (
    ChannelEntry((Channel.EMAIL,), ConfinedReader, MailSender),
    ChannelEntry((Channel.SMS,), lambda _settings, _made: sms.read, lambda settings, _keeper: TwilioSender(settings)),
    ChannelEntry((Channel.CHAT,), lambda _settings, _made: webchat.read, lambda _settings, _keeper: ChatSender()),
    ChannelEntry(
        (Channel.PHONE, Channel.VISIT, Channel.LETTER, Channel.FAX, Channel.API), lambda _settings, _made: manual.read
    ),
)


def readers(settings: Settings, made: OwnAddresses = frozenset) -> dict[Channel, ContentReader]:
    """A reader for every channel; ``made`` tells our mail addresses besides those of the settings."""
    return {channel: entry.reader(settings, made) for entry in REGISTRY for channel in entry.channels}


def senders(settings: Settings, keeper: TokenKeeper | None = None) -> dict[Channel, Sender]:
    """A sender for every channel that can send; ``keeper`` keeps what mail servers change of our access."""
    return {
        channel: entry.sender(settings, keeper)
        for entry in REGISTRY
        if entry.sender is not None
        for channel in entry.channels
    }
