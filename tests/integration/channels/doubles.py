"""Sinks that remember what they were given."""

from contactcenter.envelope import Accepted, InboundMessage, Receipt


class RecordingSink:
    """A message sink in memory; ``error`` makes it fail."""

    def __init__(self):
        self.messages: list[InboundMessage] = []
        self.error: Exception | None = None

    async def accept(self, message):
        if self.error is not None:
            raise self.error
        duplicate = any(one.ingest_key == message.ingest_key for one in self.messages)
        if not duplicate:
            self.messages.append(message)
        return Accepted(message.ingest_key, duplicate)


class RecordingReceipts:
    """A receipt sink in memory that knows every message."""

    def __init__(self):
        self.receipts: list[Receipt] = []

    async def record(self, receipt):
        self.receipts.append(receipt)
        return True
