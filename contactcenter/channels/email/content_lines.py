"""Calendar invitations (RFC 5545, RFC 5546) and contact cards (RFC 6350) in a few readable lines.

Only the lines themselves are read, without zone rules or repetitions: a rule that repeats every second would never be
computed to its end. Labels are Chinese where the content is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from contactcenter.channels.email.headers import one_line

MAX_INPUT = 100_000  # characters looked at
MAX_EVENTS = 5
MAX_CARDS = 10
MAX_VALUE = 300  # characters of a value shown
MAX_DESCRIPTION = 10_000
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r'([A-Za-z0-9.-]{1,60})((?:;[^":;]{0,200}(?:"[^"]{0,200}"[^":;]{0,200}){0,8}){0,20}):(.*)')
_ZONE = re.compile(r';TZID="?([^";:]{1,100})', re.IGNORECASE)
_COMMON_NAME = re.compile(r';CN="?([^";:]{1,100})', re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")
_HAN = re.compile("[\u4e00-\u9fff]")
_WORDS = {
    "REQUEST": ("Invitation", "邀请"),
    "PUBLISH": ("Event", "日程"),
    "CANCEL": ("Event cancelled", "日程取消"),
    "COUNTER": ("Another time proposed", "建议改期"),
    "ACCEPTED": ("Invitation accepted", "已接受邀请"),
    "DECLINED": ("Invitation declined", "已拒绝邀请"),
    "TENTATIVE": ("Invitation accepted tentatively", "暂定接受邀请"),
    "REPLY": ("Answer to an invitation", "邀请回复"),
    "when": ("When", "时间"),
    "where": ("Where", "地点"),
    "organiser": ("Organiser", "组织者"),
    "day": ("all day", "全天"),
    "repeats": ("repeats", "重复"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A content line: name in upper case, raw parameters with their semicolons, raw value."""

    name: str
    parameters: str
    value: str

    @property
    def text(self) -> str:
        """The value for people, on one line."""
        said = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], self.value)
        return one_line(" ".join(said.split()))[:MAX_VALUE]

    @property
    def paragraphs(self) -> str:
        """The value for people, its line ends kept."""
        said = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value[:MAX_DESCRIPTION])
        return "\n".join(one_line(line) for line in said.split("\n")).strip()


def _lines(text: str) -> list[_Line]:
    """Content lines, unfolded; what is none is left out."""
    found = (_LINE.match(line) for line in _FOLD.sub("", text[:MAX_INPUT]).splitlines())
    return [_Line(match[1].rpartition(".")[2].upper(), match[2], match[3].strip()) for match in found if match]


def _components(lines: list[_Line], name: str, limit: int) -> list[dict[str, _Line]]:
    """The first lines of each name in the components of a kind; components inside them do not count."""
    found: list[dict[str, _Line]] = []
    current: dict[str, _Line] | None = None
    inside = 0
    for line in lines:
        value = line.value.upper()
        if line.name == "BEGIN":
            if current is not None:
                inside += 1
            elif value == name and len(found) < limit:
                current = {}
                found.append(current)
        elif line.name == "END" and current is not None:
            if inside:
                inside -= 1
            else:
                current = None
        elif current is not None and not inside:
            current.setdefault(line.name, line)
    return found


def invitation_text(text: str) -> str:
    """What a calendar object says, for a mail that says nothing else; "" where it holds no event."""
    lines = _lines(text)
    events = _components(lines, "VEVENT", MAX_EVENTS)
    if not events:
        return ""
    method = next((line.value.upper() for line in lines if line.name == "METHOD"), "PUBLISH")
    tongue = int(any(_HAN.search(line.value) for event in events for line in event.values()))
    if method == "REPLY":
        status = re.search(r"PARTSTAT=([A-Z]+)", events[0].get("ATTENDEE", _Line("", "", "")).parameters.upper())
        method = status[1] if status else method
    return "\n\n".join(_event(event, method, tongue) for event in events)


def _event(event: dict[str, _Line], method: str, tongue: int) -> str:
    """One event in up to five lines."""
    said = {name: line.text for name, line in event.items()}
    colon = "：" if tongue else ": "

    def labelled(word: str, text: str) -> str:
        return f"{_WORDS[word][tongue]}{colon}{text}"

    rows = [labelled(method if method in _WORDS else "PUBLISH", said.get("SUMMARY", ""))]
    if when := _when(event, tongue):
        rows.append(labelled("when", when))
    if said.get("LOCATION"):
        rows.append(labelled("where", said["LOCATION"]))
    if "ORGANIZER" in event:
        rows.append(labelled("organiser", _person(event["ORGANIZER"])))
    if "DESCRIPTION" in event:
        rows += ["", event["DESCRIPTION"].paragraphs]
    return "\n".join(row.rstrip() for row in rows).rstrip()


def _person(line: _Line) -> str:
    """Name and address of an organiser."""
    address = re.sub(r"^mailto:", "", line.text, flags=re.IGNORECASE)
    name = _COMMON_NAME.search(line.parameters)
    return f"{one_line(name[1])} <{address}>" if name and name[1] != address else address


def _when(event: dict[str, _Line], tongue: int) -> str:
    """Start and end with their zone; "" where there is no start."""
    start = event.get("DTSTART")
    first = _moment(start)
    if start is None or first is None:
        return ""
    timed = "T" in start.value
    text = first.strftime("%Y-%m-%d %H:%M" if timed else "%Y-%m-%d")
    last = _moment(event.get("DTEND"))
    if timed and last:
        text += " – " + last.strftime("%H:%M" if last.date() == first.date() else "%Y-%m-%d %H:%M")
    zone = _ZONE.search(start.parameters)
    if timed:
        name = "UTC" if start.value.endswith("Z") else one_line(zone[1]) if zone else ""
        text += f" ({name})" if name else ""
    else:
        if last and last - first > timedelta(days=1):
            text += f" – {last - timedelta(days=1):%Y-%m-%d}"  # the end is the day after (RFC 5545, 3.6.1)
        text += f" ({_WORDS['day'][tongue]})"
    return text + (f", {_WORDS['repeats'][tongue]}" if "RRULE" in event else "")


def _moment(line: _Line | None) -> datetime | None:
    """A date or a date with a time as it stands on the clock of its zone; None for something else."""
    match = _MOMENT.match(line.value) if line else None
    if match is None:
        return None
    try:
        # the wall clock of whatever zone the line names; it is only shown, never compared
        return datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def card_text(text: str) -> str:
    """A line for each contact card: name, phone, mail."""
    rows = []
    for card in _components(_lines(text), "VCARD", MAX_CARDS):
        name = card["FN"].text if "FN" in card else " ".join(_pieces(card.get("N")))
        phone = card["TEL"].text.removeprefix("tel:") if "TEL" in card else ""
        mail = card["EMAIL"].text if "EMAIL" in card else ""
        rows.append(", ".join(part for part in (name, phone, mail) if part))
    return "\n".join(row for row in rows if row)


def _pieces(line: _Line | None) -> list[str]:
    """Family and given name of a structured one."""
    return [part for part in line.text.split(";")[:2] if part] if line else []
