"""What the machine noted beside a change of automatic answers, in the reader's language.

The history keeps it in English, as the API and the log read it; these are its sentences, marked for the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from contactcenter.agent_ui.words import mark
from contactcenter.tickets.automation.control import Cause

SENTENCES = (
    mark("{wrong} of {judged} audited answers were not right"),
    mark("the population moved by {index}, chance alone by {limit} at most"),
    mark("drawn audits waited for more than {days} days"),
    mark("its threshold was chosen for another model"),
    mark("{judged} judged answers prove no threshold"),
    mark("{judged} judged answers prove the threshold {threshold}"),
)
_VALUE = re.compile(r"\\\{(\w+)\\\}")
_PATTERNS = {sentence: re.compile(_VALUE.sub(r"(?P<\1>[0-9.]+)", re.escape(sentence))) for sentence in SENTENCES}


def told(reason: str, gettext: Callable[[str], str]) -> str:
    """The reason without its cause, which the page tells by itself; a reason that is none of these as it is."""
    cause, colon, rest = reason.partition(": ")
    bare = rest if colon and cause in set(Cause) else reason
    for sentence, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(bare):
            return gettext(sentence).format(**found.groupdict())
    return bare
