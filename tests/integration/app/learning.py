"""A small house that learns: a corpus of three categories, a model trained on it, and tickets people spoke about."""

import csv
from pathlib import Path

from sqlalchemy import insert

from contactcenter.conversations.records import Conversation, Message
from contactcenter.settings import Settings
from contactcenter.tickets.queues import get_queue
from contactcenter.tickets.records import Feedback, Ticket
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage import corpus, places, registry, training
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput

WORDS = {
    "order_status": ("parcel", "delivery", "courier", "shipped"),
    "billing": ("invoice", "bill", "charge", "amount"),
    "account_access": ("password", "login", "locked", "username"),
}
FRAMES = (
    "where is my {}",
    "a question about the {}",
    "the {} is wrong, please look",
    "my {} again, it is urgent!!",
    "hello, {} please",
    "can you help with the {} today",
    "i am very angry about the {}",
    "thanks, but the {}",
)
NEW_WORDS = ("kiosk", "beacon", "hatch")
"""Words of no category."""


def write_corpus(folder: Path, frames=FRAMES) -> Path:
    """Training rows of most frames and a hold-out of the others, all with the four heads' labels."""
    folder.mkdir(parents=True)
    with (folder / "rows.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "category", "urgency", "sentiment", "complaint", "language", "split"])
        for category, words in WORDS.items():
            for word in words:
                for place, frame in enumerate(frames * 2):
                    angry, urgent = "angry" in frame, "urgent" in frame
                    rows.writerow(
                        [
                            frame.format(word) + (" now" if place >= len(frames) else ""),
                            category,
                            "high" if urgent else "normal",
                            "negative" if angry else "neutral",
                            int(angry),
                            "en",
                            "test" if place >= len(frames) else "train",
                        ]
                    )
    return folder


def train_live(models: Path) -> None:
    """Publish a model of the small corpus among the models of a data directory."""
    folder = models / "small"
    write_corpus(folder / "corpus")
    registry.publish(training.train(corpus.read_folder(folder / "corpus", corpus.TRAIN), "small"), folder)


def live(settings: Settings) -> Assessor:
    """The model at work."""
    return Assessor.load(places.find("small", settings.data), settings.data)


def texts(words, count, *, tell_apart=True):
    """Texts about some words, each different unless it need not be."""
    whole = [FRAMES[n % len(FRAMES)].format(words[n % len(words)]) for n in range(count)]
    return [f"{text} number {n}" for n, text in enumerate(whole)] if tell_apart else whole


async def ticketed(store, settings, messages, *, customers=10_000):
    """Tickets opened by messages as the model at work sorts them; their messages."""
    said = live(settings).assess([TriageInput(text) for text in messages])
    async with store.transaction() as uow:
        await seed_defaults(uow, settings)
        queue = (await get_queue(uow, "service")).id
        conversations = [Conversation() for _ in messages]
        rows = [
            Message(
                channel="email",
                direction="in",
                conversation_id=conversation.id,
                author_type="customer",
                identity=f"email:c{place % customers}@example.org",
                visible_text=text,
                language="en",
                assessment=assessment.to_json(),
            )
            for place, (text, assessment, conversation) in enumerate(zip(messages, said, conversations, strict=True))
        ]
        tickets = [
            Ticket(conversation_id=row.conversation_id, queue_id=queue, category=row.assessment["category"]["label"])
            for row in rows
        ]
        for kind, made, left_out in (
            (Conversation, conversations, ()),
            (Message, rows, ("search",)),
            (Ticket, tickets, ("number",)),
        ):
            await uow.session.execute(insert(kind), [one.model_dump(exclude=set(left_out)) for one in made])
        return rows


async def say(store, actors, messages, category):
    """The actors in turn say of what category messages are."""
    rows = [
        Feedback(
            message_id=message.id,
            head="category",
            label=category,
            was=message.assessment["category"]["label"],
            agent_id=actors[place % len(actors)].agent_id,
        )
        for place, message in enumerate(messages)
    ]
    async with store.transaction() as uow:
        await uow.session.execute(insert(Feedback), [one.model_dump() for one in rows])
