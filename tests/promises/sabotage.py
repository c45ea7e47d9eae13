"""The command line with one deliberate fault, to see a promise's test fail: ``sabotage.py FAULT serve --data …``."""

from __future__ import annotations

import asyncio
import itertools
import sys
from dataclasses import replace

from contactcenter.cli import main
from contactcenter.conversations.inbox import Inbox
from contactcenter.envelope import Accepted, InboundMessage

_accept = Inbox.accept
_under_way: set[asyncio.Task[Accepted]] = set()
_copies = itertools.count(1)


async def _answer_first(self: Inbox, message: InboundMessage) -> Accepted:
    """Say yes at once and commit afterwards."""
    task = asyncio.create_task(_accept(self, message))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return Accepted("early")


async def _never_the_same(self: Inbox, message: InboundMessage) -> Accepted:
    """Give each copy a key of its own."""
    return await _accept(self, replace(message, ingest_key=f"{message.ingest_key}-{next(_copies)}"))


FAULTS = {"early-250": _answer_first, "no-unique-key": _never_the_same}


if __name__ == "__main__":
    Inbox.accept = FAULTS[sys.argv.pop(1)]  # type: ignore[method-assign]
    main()
