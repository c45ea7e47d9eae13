"""Questions to the process that reads mail, and its answers, as lists of their fields.

Pickling the dataclasses themselves takes three times as long.
"""

from __future__ import annotations

import io
import pickle  # nosec B403
from dataclasses import fields
from operator import attrgetter
from typing import Any

from contactcenter.envelope import (
    BouncedRecipient,
    Content,
    FileContent,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageKind,
)

_asked = attrgetter(*(field.name for field in fields(InboundMessage)))
_answered = attrgetter(*(field.name for field in fields(Content)))
_ASKER = [field.name for field in fields(InboundMessage)].index("sender")
_PLACES = {field.name: place for place, field in enumerate(fields(Content))}
_of_person = attrgetter(*(field.name for field in fields(Identity)))
_of_file = attrgetter(*(field.name for field in fields(FileContent)))
_of_recipient = attrgetter(*(field.name for field in fields(BouncedRecipient)))
_KINDS: dict[str, MessageKind] = {kind.value: kind for kind in MessageKind}  # faster than asking the enumeration
_KINDS_OF_PEOPLE: dict[str, IdentityKind] = {kind.value: kind for kind in IdentityKind}
_VALUE_TYPES = {
    ("contactcenter.envelope", name)
    for name in ("BouncedRecipient", "Content", "FileContent", "Forwarded", "Identity", "IdentityKind", "MessageKind")
} | {("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta")}


def pack_message(message: InboundMessage) -> list[Any]:
    """The fields of a message."""
    values = list(_asked(message))
    values[_ASKER] = (message.sender.kind.value, *_of_person(message.sender)[1:])
    return values


def unpack_message(values: list[Any]) -> InboundMessage:
    """The reverse of :func:`pack_message`."""
    kind, *person = values[_ASKER]
    values[_ASKER] = Identity(_KINDS_OF_PEOPLE[kind], *person)
    return InboundMessage(*values)


def pack_content(content: Content) -> list[Any]:
    """The fields of a content; those that come with nearly every mail as words and tuples."""
    values = list(_answered(content))
    values[_PLACES["kind"]] = content.kind.value
    values[_PLACES["sender"]] = (content.sender.kind.value, *_of_person(content.sender)[1:])
    values[_PLACES["files"]] = [_of_file(file) for file in content.files]
    values[_PLACES["bounced"]] = [_of_recipient(one) for one in content.bounced]
    return values


def unpack_content(values: list[Any]) -> Content:
    """The reverse of :func:`pack_content`."""
    kind, *person = values[_PLACES["sender"]]
    values[_PLACES["kind"]] = _KINDS[values[_PLACES["kind"]]]
    values[_PLACES["sender"]] = Identity(_KINDS_OF_PEOPLE[kind], *person)
    values[_PLACES["files"]] = tuple([FileContent(*file) for file in values[_PLACES["files"]]])
    values[_PLACES["bounced"]] = tuple([BouncedRecipient(*one) for one in values[_PLACES["bounced"]]])
    return Content(*values)


class _PlainValues(pickle.Unpickler):
    """Makes nothing but what is listed."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in _VALUE_TYPES:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no plain value")
        return super().find_class(module_name, global_name)


def plain_values(data: bytes) -> Any:
    """What was pickled; raises :class:`pickle.UnpicklingError` where that is more than plain values."""
    return _PlainValues(io.BytesIO(data)).load()
