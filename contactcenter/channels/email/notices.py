"""Bounce, complaint and delivery notices that a mail service sends as JSON in a mail's text (Amazon SES over SNS)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from contactcenter.envelope import MessageKind

_KINDS = {
    "bounce": MessageKind.BOUNCE,
    "complaint": MessageKind.FEEDBACK_REPORT,
    "delivery": MessageKind.DELIVERY_RECEIPT,
}
MAX_NOTICE = 100_000  # characters


@dataclass(slots=True)
class Found:
    """One failed recipient on the way to its result."""

    address: str
    status: str = ""
    action: str = ""
    said: str = ""


def notice_kind(text: str) -> MessageKind | None:
    """Return the kind of a JSON notice; None when the text is none."""
    notice = _notice(text)
    return _KINDS.get(str(notice.get("notificationType") or notice.get("eventType") or "").lower())


def from_notice(text: str) -> list[Found]:
    """Bounced recipients of a JSON notice."""
    bounce = _notice(text).get("bounce")
    rows = bounce.get("bouncedRecipients") if isinstance(bounce, dict) else None
    found = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            words = (str(row.get(key) or "") for key in ("emailAddress", "status", "action", "diagnosticCode"))
            found.append(Found(*words))
    return found


def _notice(text: str) -> dict[str, Any]:
    """Return the JSON object that a text starts with; empty when it does not look like a notice."""
    head = text[:400]
    if not head.lstrip().startswith("{") or not ("notificationType" in head or "eventType" in head):
        return {}
    try:
        unbroken = text[:MAX_NOTICE].lstrip().replace("\r", "").replace("\n", "")  # relays wrap long lines
        value, _ = json.JSONDecoder(strict=False).raw_decode(unbroken)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
