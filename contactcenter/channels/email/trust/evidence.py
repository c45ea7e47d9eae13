"""What the DNS said about the sender of a mail (asked by :mod:`contactcenter.channels.email.trust.witness`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contactcenter.channels.email.trust.dmarc import Policy
from contactcenter.channels.email.trust.spf import SpfResult


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the DNS said about one mail. ``keys``: by name; empty where there is none, None where unknown now.

    ``spf`` and ``policy`` are None where they were not asked for.
    """

    spf: SpfResult | None = None
    keys: Mapping[str, str | None] = field(default_factory=dict)
    policy: Policy | None = None
