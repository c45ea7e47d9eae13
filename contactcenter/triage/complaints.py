"""What a complaint is about: the kind that the likely categories together speak for.

A head of its own, trained on complaints alone, was no better (the model's card has the figures).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from contactcenter.triage.assessment import ComplaintKind

COMPLAINT_KINDS: Mapping[str, ComplaintKind] = MappingProxyType(
    {
        "claim_report": ComplaintKind.CLAIMS,
        "claim_status": ComplaintKind.CLAIMS,
        "billing": ComplaintKind.BILLING,
        "payment": ComplaintKind.BILLING,
        "refund": ComplaintKind.BILLING,
        "fees": ComplaintKind.BILLING,
        "order_status": ComplaintKind.DELIVERY,
        "return_exchange": ComplaintKind.PRODUCT,
        "coverage": ComplaintKind.PRODUCT,
        "quote": ComplaintKind.PRODUCT,
        "outage": ComplaintKind.PRODUCT,
        "repair": ComplaintKind.PRODUCT,
    }
)
"""What a complaint in a category is usually about; ``service`` in every other."""

KINDS: tuple[str, ...] = tuple(sorted(ComplaintKind))


def kind_probabilities(categories: Sequence[str], probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """How likely each of :data:`KINDS` is, from the ``probabilities`` of the categories; one row a message."""
    usual = np.zeros((len(categories), len(KINDS)), dtype=np.float32)
    for row, category in enumerate(categories):
        usual[row, KINDS.index(COMPLAINT_KINDS.get(category, ComplaintKind.SERVICE))] = 1.0
    result: NDArray[np.float32] = probabilities @ usual
    return result
