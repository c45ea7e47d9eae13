"""What a message is: language, entities, category, urgency, sentiment, complaint, each with a probability.

Pure: text in, :class:`~contactcenter.triage.assessment.Assessment` out; no database, no network. This package and
``assessment`` are light, so that the web process can read stored assessments; ``assess`` brings numpy and spaCy and
belongs in worker processes; ``training`` and what it is made of need scikit-learn (the extra ``train``).

The way of a text: ``text`` cleans it, ``features`` turns it into hashed n-grams, ``linear`` scores them, ``explain``
says which of them weighed most, ``entities`` finds numbers, dates and addresses, ``assess`` puts it all together.
"""

from contactcenter.triage.assessment import (
    Assessment,
    Category,
    Complaint,
    ComplaintKind,
    Entity,
    EntityType,
    Label,
    Reason,
    TriageInput,
)

__all__ = [
    "Assessment",
    "Category",
    "Complaint",
    "ComplaintKind",
    "Entity",
    "EntityType",
    "Label",
    "Reason",
    "TriageInput",
]
