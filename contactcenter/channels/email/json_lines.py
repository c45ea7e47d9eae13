"""A read mail as the JSON object that `contactcenter mail parse --jsonl` prints."""

from __future__ import annotations

from typing import Any

from contactcenter.channels.email.addresses import Address
from contactcenter.channels.email.authentication import Authentication
from contactcenter.channels.email.mime import ReadMail


def to_json(
    path: str, mail: ReadMail, language: str = "", authentication: Authentication | None = None
) -> dict[str, Any]:
    """Return the object of one mail; without `authentication` by a trusted server every method is "none"."""
    auth = authentication or Authentication()
    return {
        "path": path,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to[0] if mail.in_reply_to else "",
        "references": list(mail.references),
        "date": mail.date.isoformat().replace("+00:00", "Z") if mail.date else None,
        "from": _person(mail.from_),
        "reply_to": [_person(person) for person in mail.reply_to],
        "to": [_person(person) for person in mail.to],
        "cc": [_person(person) for person in mail.cc],
        "subject": mail.subject,
        "text": mail.text,
        "html_safe": mail.html_safe,
        "visible_text": mail.visible_text,
        "quoted_text": mail.quoted_text,
        "signature": mail.signature,
        "language": language,
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "size": file.size,
                "sha256": file.sha256,
                "inline": file.inline,
            }
            for file in mail.attachments
        ],
        "kind": str(mail.kind),
        "bounce": {
            "recipients": [
                {"address": one.address, "status": one.status, "action": one.action, "hard": one.hard}
                for one in mail.bounce
            ]
        },
        "auth": {"spf": auth.spf, "dkim": auth.dkim, "dmarc": auth.dmarc, **mail.seals},
        "warnings": list(mail.warnings),
    }


def unreadable(path: str, reason: str) -> dict[str, Any]:
    """Return the object of a file that could not be read at all."""
    return {"path": path, "kind": "message", "warnings": [reason]}


def _person(person: Address) -> dict[str, str]:
    """Name and address."""
    return {"name": person.name, "address": person.address}
