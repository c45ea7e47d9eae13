"""Web chat: a widget on the company's pages, and the socket it talks to.

Read :mod:`~contactcenter.channels.webchat.protocol` for what goes over the socket, and
:mod:`~contactcenter.channels.webchat.service` for how the channel is wired.
"""

from contactcenter.channels.webchat.history import ChatHistory, ChatLine
from contactcenter.channels.webchat.limits import Limits
from contactcenter.channels.webchat.reader import read
from contactcenter.channels.webchat.sender import ChatSender
from contactcenter.channels.webchat.service import WebChat

__all__ = ["ChatHistory", "ChatLine", "ChatSender", "Limits", "WebChat", "read"]
