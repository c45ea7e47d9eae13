"""The nightly look for new topics: messages nobody had a name for, put together, and written down for a supervisor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import structlog
from sqlalchemy import Row

from contactcenter import clock
from contactcenter.errors import ModelError
from contactcenter.settings import Settings
from contactcenter.store.store import Store
from contactcenter.tickets.records import Topic, TopicState
from contactcenter.tickets.topics import LONGEST_TEXT, Found, keep, known_topics, unsure
from contactcenter.triage import places, registry, topics
from contactcenter.triage.assess import original_text
from contactcenter.triage.topics import Cluster, Unsure

log = structlog.get_logger(__name__)

_BATCH = 64


async def look_for_topics(store: Store, settings: Settings) -> int:
    """Find the topics of the last thirty days anew; how many are open then.

    At most 5,000 messages, in a thread: seconds of work, a minute where the model at work has an encoder.
    """
    async with store.read() as uow:
        rows = await unsure(uow)
        known = await known_topics(uow)
    found = await asyncio.to_thread(_found, rows, settings)
    named = _recognised(found, known)
    async with store.transaction() as uow:
        await keep(uow, named)
    decided = {topic.id for topic in known if topic.state != TopicState.OPEN}
    return sum(one.known not in decided for one in named)


def _found(rows: Sequence[Row[Any]], settings: Settings) -> list[Cluster]:
    now = clock.now()
    messages = [
        Unsure(
            id=row.id,
            text=f"{row.subject}\n{row.visible_text or row.text}"[:LONGEST_TEXT],
            language=row.language,
            customer=row.customer_id or row.identity,
            age=(now - row.received_at).total_seconds() / 86_400,
        )
        for row in rows
    ]
    return topics.clusters(messages, _vectors(messages, settings))


def _vectors(messages: Sequence[Unsure], settings: Settings) -> np.ndarray[Any, np.dtype[np.float32]] | None:
    """What the encoder of the model at work makes of them; None where it has none."""
    try:
        folder = places.find(settings.triage.model, settings.data)
        encoder = registry.encoder_of(registry.load(folder), folder, settings.data)
    except ModelError as error:
        log.warning("topics are looked for by words alone", error=str(error))
        return None
    if not encoder.width or not messages:
        return None
    parts = [messages[start : start + _BATCH] for start in range(0, len(messages), _BATCH)]
    return np.vstack([encoder.encode([original_text(one.text) for one in part]) for part in parts])


def _recognised(found: Sequence[Cluster], known: Sequence[Topic]) -> list[Found]:
    """Each cluster with the known topic that it is most like, if any; each topic once.

    What is like a dismissed topic and not that topic itself is left out: it was said not to be one.
    """
    near = {
        (place, topic.id): topics.likeness(cluster.signature, topic.signature)
        for place, cluster in enumerate(found)
        for topic in known
        if topic.language == cluster.language
    }
    alike = sorted((pair for pair in near if near[pair] >= topics.SAME_TOPIC), key=lambda pair: (-near[pair], pair))
    named: dict[int, str] = {}
    for place, topic_id in alike:
        if place not in named and topic_id not in named.values():
            named[place] = topic_id
    dismissed = {topic.id for topic in known if topic.state == TopicState.DISMISSED}
    unwanted = {place for place, topic_id in alike if topic_id in dismissed and place not in named}
    return [
        Found(
            known=named.get(place, ""),
            language=one.language,
            name=one.name,
            terms=one.terms,
            questions=one.questions,
            signature=dict(one.signature),
            members=one.members,
            customers=one.customers,
            recent=one.recent,
            before=one.before,
        )
        for place, one in enumerate(found)
        if place not in unwanted
    ]
