"""The words the console has for the states and kinds of the product.

``mark`` only marks a text for the catalogue; the page that shows it translates it in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping


def mark(message: str) -> str:
    """Mark a text for extraction; returns it unchanged."""
    return message


STATUS: Mapping[str, str] = {
    "new": mark("New"),
    "open": mark("Open"),
    "pending": mark("Waiting for customer"),
    "resolved": mark("Resolved"),
    "closed": mark("Closed"),
}

PRIORITY: Mapping[str, str] = {"low": mark("Low"), "normal": mark("Normal"), "high": mark("High")}

CHANNEL: Mapping[str, str] = {
    "email": mark("E-mail"),
    "sms": mark("Text message"),
    "chat": mark("Chat"),
    "phone": mark("Phone call"),
    "visit": mark("Visit"),
    "letter": mark("Letter"),
    "fax": mark("Fax"),
    "api": mark("API"),
}

DELIVERY: Mapping[str, str] = {
    "queued": mark("Waiting to be sent"),
    "sending": mark("Being sent"),
    "sent": mark("Sent"),
    "delivered": mark("Delivered"),
    "undelivered": mark("Not delivered"),
    "failed": mark("Failed"),
    "uncertain": mark("Not known whether it arrived"),
}

KIND: Mapping[str, str] = {
    "message": mark("Message"),
    "note": mark("Internal note"),
    "auto-reply": mark("Automatic reply"),
    "bounce": mark("Bounce"),
    "delivery-receipt": mark("Delivery receipt"),
    "feedback-report": mark("Spam report"),
    "list": mark("Mailing list"),
}

SENTIMENT: Mapping[str, str] = {
    "negative": mark("Unhappy"),
    "neutral": mark("Neutral"),
    "positive": mark("Happy"),
}

URGENCY: Mapping[str, str] = {"low": mark("Not urgent"), "normal": mark("Normal urgency"), "high": mark("Urgent")}

COMPLAINT: Mapping[str, str] = {
    "service": mark("Complaint about service"),
    "product": mark("Complaint about a product"),
    "billing": mark("Complaint about billing"),
    "delivery": mark("Complaint about delivery"),
    "claims": mark("Complaint about a claim"),
}

ENTITY: Mapping[str, str] = {
    "policy": mark("Policy"),
    "order": mark("Order"),
    "invoice": mark("Invoice"),
    "claim": mark("Claim"),
    "amount": mark("Amount"),
    "date": mark("Date"),
    "phone": mark("Phone"),
    "email": mark("E-mail"),
    "address": mark("Address"),
    "tracking": mark("Parcel"),
    "company": mark("Company code"),
    "vehicle": mark("Vehicle"),
    "device": mark("Device (IMEI)"),
    "bank_card": mark("Bank card"),
    "id_card": mark("Identity card"),
    "iban": mark("IBAN"),
    "social_security": mark("Social security number"),
    "passport": mark("Passport"),
}

IDENTITY: Mapping[str, str] = {
    "email": mark("E-mail"),
    "phone": mark("Phone"),
    "chat": mark("Chat"),
    "external": mark("Customer number"),
}

ROLE: Mapping[str, str] = {"agent": mark("Agent"), "supervisor": mark("Supervisor"), "admin": mark("Administrator")}

AVAILABILITY: Mapping[str, str] = {"online": mark("Online"), "away": mark("Away"), "offline": mark("Offline")}

ERROR: Mapping[int, str] = {
    400: mark("The request is malformed"),
    401: mark("Sign in first"),
    403: mark("Not allowed"),
    404: mark("Not found"),
    409: mark("Somebody was faster"),
    413: mark("Too large"),
    422: mark("The request cannot be processed"),
    429: mark("Too many tries"),
    500: mark("Something went wrong"),
    503: mark("Temporarily unavailable"),
}

VERDICT: Mapping[str, str] = {
    "proven": mark("sender proven"),
    "unproven": mark("sender not proven"),
    "failed": mark("sender check failed"),
}

VERDICT_TOLD: Mapping[str, str] = {
    "proven": mark("The mail comes from this address's domain."),
    "unproven": mark(
        "Nothing proves that it comes from this address. Give nothing away that only the customer may know."
    ),
    "failed": mark("The owner of this address's domain says that such mail is not his. Take it for forged."),
}

CHECK: Mapping[str, str] = {
    "pass": mark("passed"),
    "fail": mark("failed"),
    "softfail": mark("rather failed"),
    "neutral": mark("says nothing"),
    "none": mark("not there"),
    "policy": mark("not accepted"),
    "temperror": mark("no answer in time"),
    "permerror": mark("faulty"),
}

JUDGE: Mapping[str, str] = {"self": mark("this service"), "assumed": mark("nobody: its network counts as proven")}

AUTOMATION: Mapping[str, str] = {
    "shipped": mark("As delivered"),
    "off": mark("Off"),
    "shadow": mark("Shadow"),
    "on": mark("On"),
}

AUTOMATION_TOLD: Mapping[str, str] = {
    "shipped": mark("Answers above the general threshold, until judged answers prove one of its own."),
    "off": mark("Everything goes to people."),
    "shadow": mark("Decides what it would answer, sends nothing, and asks people whether it was right."),
    "on": mark("Answers above a threshold that judged answers prove."),
}

FALL: Mapping[str, str] = {
    "error": mark("Audited answers were wrong more often than is tolerated."),
    "drift": mark("The questions are no longer like those its threshold was chosen on."),
    "audits": mark("The answers drawn for an audit were not judged in time."),
    "model": mark("Triage uses another model than the one its threshold was chosen for."),
}
"""Why the machine took a category back."""

PROMISE: Mapping[str, str] = {
    "kept": mark("target kept"),
    "broken": mark("above the target"),
    "open": mark("too few audits to tell"),
    "none": mark("no audits yet"),
}

VERDICT_GIVEN: Mapping[str, str] = {"right": mark("Right"), "wrong": mark("Wrong"), "unsure": mark("Unsure")}

REACTION: Mapping[str, str] = {
    "helped": mark("The customer said that it helped."),
    "returned": mark("The customer wrote again."),
}

LANGUAGE: Mapping[str, str] = {"en": mark("English"), "zh": mark("Chinese")}

MODEL_CHANGE: Mapping[str, str] = {
    "published": mark("Went to work"),
    "refused": mark("Refused"),
    "rolled-back": mark("Rolled back"),
}

HEAD: Mapping[str, str] = {
    "category": mark("Category"),
    "urgency": mark("Urgency"),
    "sentiment": mark("Mood"),
    "complaint": mark("Complaint"),
    "complaints found": mark("Complaints found"),
    "feedback": mark("Corrections"),
}

BROWSER: Mapping[str, str] = {
    "now": mark("now"),
    "minutes": mark("{n} min"),
    "hours": mark("{n} h"),
    "days": mark("{n} d"),
    "due_in": mark("due in {n}"),
    "overdue": mark("{n} overdue"),
    "fresh": mark("{n} new"),
    "message": mark("A new message has come in"),
    "work": mark("New work"),
    "selected": mark("{n} selected"),
    "draft": mark("Draft saved"),
    "segments": mark("{n} SMS"),
    "left": mark("{n} left"),
    "remove": mark("Remove {n}"),
    "lost": mark("The server did not answer. Nothing was lost; please try again."),
    "too_large": mark("{n} is too large to send"),
}
"""Texts the browser's modules put together; ``{n}`` is replaced there."""

TABLES: Mapping[str, Mapping[str, str]] = {
    "status": STATUS,
    "priority": PRIORITY,
    "channel": CHANNEL,
    "delivery": DELIVERY,
    "kind": KIND,
    "sentiment": SENTIMENT,
    "urgency": URGENCY,
    "complaint": COMPLAINT,
    "entity": ENTITY,
    "identity": IDENTITY,
    "role": ROLE,
    "availability": AVAILABILITY,
    "verdict": VERDICT,
    "verdict_told": VERDICT_TOLD,
    "check": CHECK,
    "judge": JUDGE,
    "automation": AUTOMATION,
    "automation_told": AUTOMATION_TOLD,
    "fall": FALL,
    "promise": PROMISE,
    "verdict_given": VERDICT_GIVEN,
    "reaction": REACTION,
    "language": LANGUAGE,
    "model_change": MODEL_CHANGE,
    "head": HEAD,
}
"""What the template filter ``word`` looks up: ``{{ ticket.status | word("status") }}``."""
