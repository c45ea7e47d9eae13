"""The command line with one deliberate fault, to see a promise's test fail: ``sabotage.py FAULT serve --data …``."""

from __future__ import annotations

import asyncio
import itertools
import sys
from dataclasses import replace
from typing import Any

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


async def _answer_long_before(self: Inbox, message: InboundMessage) -> Accepted:
    """Say yes at once and commit a good while later, one message after the other."""
    while_later = 0.5 + next(_copies) % 8

    async def later() -> Accepted:
        await asyncio.sleep(while_later)
        return await _accept(self, message)

    task = asyncio.create_task(later())
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return Accepted("early")


async def _never_the_same(self: Inbox, message: InboundMessage) -> Accepted:
    """Give each copy a key of its own."""
    return await _accept(self, replace(message, ingest_key=f"{message.ingest_key}-{next(_copies)}"))


FAULTS = {"early-250": _answer_first, "late-commit": _answer_long_before, "no-unique-key": _never_the_same}


def _no_guards() -> None:
    """Answer machines and strangers alike, without limits."""
    from contactcenter.conversations.guards import Automatic, AutomaticMemory
    from contactcenter.tickets import answering

    AutomaticMemory.allowed = lambda self, sender, conversation_id: Automatic()  # type: ignore[method-assign]
    answering.silent_reason = lambda message, content: ""  # type: ignore[attr-defined]
    _spread("no-guards")


def _spread(fault: str) -> None:
    """Give the fault to the workers too, which are processes of their own."""
    begin = asyncio.create_subprocess_exec

    async def begin_with_fault(program: str, *arguments: str, **options: Any) -> asyncio.subprocess.Process:
        if arguments[:2] == ("-m", "contactcenter"):
            arguments = (__file__, fault, *arguments[2:])
        return await begin(program, *arguments, **options)

    asyncio.create_subprocess_exec = begin_with_fault  # type: ignore[assignment]


WORKER_FAULTS = {"no-guards": _no_guards}


if __name__ == "__main__":
    fault = sys.argv.pop(1)
    if fault in WORKER_FAULTS:
        WORKER_FAULTS[fault]()
    else:
        Inbox.accept = FAULTS[fault]  # type: ignore[method-assign]
    main()
