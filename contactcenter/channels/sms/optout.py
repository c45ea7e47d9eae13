"""Words by which people say that they want no more texts.

Twilio blocks further messages to a number after its standard words by itself (error 21610); we pass the text on, so
that people see it, and mark it.
"""

from __future__ import annotations

OPT_OUT_WORDS = frozenset(
    {"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT"}
    | {"退订", "退定", "取消订阅", "停止", "拒收", "TD", "T", "回T", "退訂"}
)
"""Twilio's standard words and those used in China, upper case."""


def is_opt_out(text: str, twilio_says: str = "") -> bool:
    """Whether the whole text is a word of opting out; ``twilio_says`` is Twilio's own ``OptOutType``."""
    return twilio_says == "STOP" or text.strip(" \t\r\n.!。！\"'“”").upper() in OPT_OUT_WORDS
