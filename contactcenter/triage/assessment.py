"""What triage says about one message, as frozen values that go to JSON and back.

Light on purpose: nothing here imports numpy, spaCy or scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EntityType(StrEnum):
    """What kind of thing was found in the text."""

    POLICY = "policy"
    ORDER = "order"
    INVOICE = "invoice"
    CLAIM = "claim"
    AMOUNT = "amount"
    DATE = "date"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    TRACKING = "tracking"
    COMPANY = "company"  # a Chinese organisation's unified social credit code
    VEHICLE = "vehicle"
    DEVICE = "device"  # an IMEI
    BANK_CARD = "bank_card"
    ID_CARD = "id_card"
    IBAN = "iban"
    SOCIAL_SECURITY = "social_security"
    PASSPORT = "passport"


class ComplaintKind(StrEnum):
    """What a complaint is about."""

    SERVICE = "service"
    PRODUCT = "product"
    BILLING = "billing"
    DELIVERY = "delivery"
    CLAIMS = "claims"


@dataclass(frozen=True, slots=True)
class TriageInput:
    """One message to assess.

    ``text`` is what the customer newly wrote, ``received_at`` (aware) the moment that "yesterday" is relative to.
    """

    text: str
    subject: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a closed set and its calibrated probability (0 to 1)."""

    label: str
    probability: float

    def to_json(self) -> dict[str, Any]:
        """``{"label", "probability"}``."""
        return {"label": self.label, "probability": self.probability}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Label:
        """The inverse of :meth:`to_json`."""
        return cls(str(data["label"]), float(data["probability"]))


@dataclass(frozen=True, slots=True)
class Category:
    """The likeliest category, and the next likeliest ones, best first."""

    label: str
    probability: float
    alternatives: tuple[Label, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``{"label", "probability", "alternatives"}``."""
        return {
            "label": self.label,
            "probability": self.probability,
            "alternatives": [other.to_json() for other in self.alternatives],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Category:
        """The inverse of :meth:`to_json`."""
        alternatives = tuple(Label.from_json(other) for other in data.get("alternatives", ()))
        return cls(str(data["label"]), float(data["probability"]), alternatives)


@dataclass(frozen=True, slots=True)
class Complaint:
    """How likely the message is a complaint; ``kind`` is set exactly when it counts as one.

    The line is the model's ``complaint_threshold``, which lies well below one half: missing one costs more than
    showing one too many to a person.
    """

    probability: float
    kind: ComplaintKind | None = None

    @property
    def is_complaint(self) -> bool:
        """Whether the message is to be treated as a complaint."""
        return self.kind is not None

    def to_json(self) -> dict[str, Any]:
        """``{"probability", "kind"}``."""
        return {"probability": self.probability, "kind": None if self.kind is None else self.kind.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Complaint:
        """The inverse of :meth:`to_json`."""
        kind = data.get("kind")
        return cls(float(data["probability"]), None if kind is None else ComplaintKind(kind))


class RecordOwner(StrEnum):
    """Whose business record a number names, seen from the one who wrote."""

    CUSTOMER = "customer"
    ANOTHER = "another"


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """That a number is one of the company's own. Of another customer's record nothing else is said."""

    owner: RecordOwner
    title: str = ""
    status: str = ""

    def to_json(self) -> dict[str, Any]:
        """``{"owner", "title", "status"}``."""
        return {"owner": self.owner.value, "title": self.title, "status": self.status}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> KnownRecord:
        """The inverse of :meth:`to_json`."""
        return cls(RecordOwner(data["owner"]), str(data.get("title", "")), str(data.get("status", "")))


@dataclass(frozen=True, slots=True)
class Entity:
    """Something nameable in the message.

    ``type`` is an :class:`EntityType` or a type of the settings. ``start`` and ``end`` are character offsets into the
    message's text; both are -1 when it was found in the subject only. ``value`` is the normal form: upper-case text of
    a number, ``{"amount", "currency"}`` (ISO 4217), an ISO 8601 date, E.164, a lower-case address; null where the text
    does not say enough. ``text`` and ``value`` of cards, identity numbers and the like are their masked form.
    ``record`` is there when the company's business records know the number.
    """

    type: str
    text: str
    start: int
    end: int
    value: Any = None
    record: KnownRecord | None = None

    def to_json(self) -> dict[str, Any]:
        """``{"type", "text", "start", "end", "value"}``, and ``record`` where there is one."""
        data = {
            "type": str(self.type),
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "value": self.value,
        }
        return data if self.record is None else {**data, "record": self.record.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Entity:
        """The inverse of :meth:`to_json`."""
        record = data.get("record")
        return cls(
            str(data["type"]),
            str(data["text"]),
            int(data["start"]),
            int(data["end"]),
            data.get("value"),
            None if record is None else KnownRecord.from_json(record),
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """A piece of the text that spoke for ``label``, and how much (in log-odds)."""

    term: str
    weight: float
    label: str

    def to_json(self) -> dict[str, Any]:
        """``{"term", "weight", "label"}``."""
        return {"term": self.term, "weight": self.weight, "label": self.label}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reason:
        """The inverse of :meth:`to_json`."""
        return cls(str(data["term"]), float(data["weight"]), str(data["label"]))


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything triage says about one message; ``language`` is en, zh or other, ``model`` names who said it."""

    language: str
    category: Category
    urgency: Label
    sentiment: Label
    complaint: Complaint
    entities: tuple[Entity, ...] = ()
    why: tuple[Reason, ...] = ()
    model: str = ""

    def to_json(self) -> dict[str, Any]:
        """The assessment as plain JSON values; whoever knows them adds ``id``, ``answer`` and ``decision``."""
        return {
            "language": self.language,
            "category": self.category.to_json(),
            "urgency": self.urgency.to_json(),
            "sentiment": self.sentiment.to_json(),
            "complaint": self.complaint.to_json(),
            "entities": [entity.to_json() for entity in self.entities],
            "why": [reason.to_json() for reason in self.why],
            "model": self.model,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Assessment:
        """The inverse of :meth:`to_json`; members it does not know are left aside."""
        return cls(
            language=str(data["language"]),
            category=Category.from_json(data["category"]),
            urgency=Label.from_json(data["urgency"]),
            sentiment=Label.from_json(data["sentiment"]),
            complaint=Complaint.from_json(data["complaint"]),
            entities=tuple(Entity.from_json(entity) for entity in data.get("entities", ())),
            why=tuple(Reason.from_json(reason) for reason in data.get("why", ())),
            model=str(data.get("model", "")),
        )
