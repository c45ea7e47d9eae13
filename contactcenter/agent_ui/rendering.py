"""Jinja environments of the console: one a language, with the filters its pages use.

Texts are escaped by default and an unknown name in a template is an error. Nothing here knows of requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from contactcenter import clock
from contactcenter.agent_ui.static_files import StaticFiles
from contactcenter.agent_ui.words import BROWSER, TABLES
from contactcenter.conversations.records import Attachment
from contactcenter.i18n import LOCALES, translations
from contactcenter.knowledge.rendering import to_html
from contactcenter.tickets.pictures import html_with_pictures
from contactcenter.triage.masking import mask

TEMPLATES = Path(__file__).parent / "templates"
_BABEL_LOCALE = {"en": "en_GB", "zh": "zh_Hans_CN"}
_LINK = re.compile(r"\b(https?://[^\s<>\"'（）《》，。、]+[^\s<>\"'.,;:!?()（）《》，。、])")
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}")


@cache
def zone(name: str) -> tzinfo:
    """The time zone of that IANA name; UTC when there is none."""
    if not _ZONE_NAME.fullmatch(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


class Renderer:
    """Renders the console's templates in the languages we speak."""

    def __init__(self, files: StaticFiles, shared: Mapping[str, Any] | None = None) -> None:
        self._environments = {locale: _environment(locale, files, shared or {}) for locale in LOCALES}

    def render(self, template: str, locale: str, values: Mapping[str, Any]) -> str:
        """A whole template. ``values`` must hold ``timezone`` (an IANA name) where times are shown."""
        return self._environments[locale].get_template(template).render(values)

    def block(self, template: str, block: str, locale: str, values: Mapping[str, Any]) -> str:
        """One named block of a template, for a fragment that is also part of a page."""
        found = self._environments[locale].get_template(template)
        return "".join(found.blocks[block](found.new_context(dict(values))))


def _environment(locale: str, files: StaticFiles, shared: Mapping[str, Any]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # templates do not change while the process runs
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    catalogue = translations(locale)
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {"static": files.url, "now": clock.now, "locale": locale, **shared}
    environment.globals["browser_texts"] = lambda: {key: catalogue.gettext(text) for key, text in BROWSER.items()}
    times = _Times(locale)
    environment.filters |= {
        "word": lambda key, table: catalogue.gettext(TABLES[table].get(str(key), str(key))),
        "named": _named(locale),
        "ago": times.ago,
        "aged": times.aged,
        "moment": times.moment,
        "clock": times.clock,
        "day": times.day,
        "day_key": times.day_key,
        "date": times.date,
        "iso": clock.iso,
        "percent": lambda value: format_percent(value, "#,##0%", locale=_BABEL_LOCALE[locale]),
        "share": lambda value: format_percent(value, "#,##0.#%", locale=_BABEL_LOCALE[locale]),
        "number": lambda value: format_decimal(value, locale=_BABEL_LOCALE[locale]),
        "size": _size,
        "initials": initials,
        "linked": linked,
        "masked": mask,
        "written": written,
        "markdown": lambda text: Markup(to_html(text)),  # noqa: S704 # nosec B704 - cleaned by nh3
    }
    return environment


def _named(locale: str) -> Any:
    def name(thing: Any) -> str:
        """The name of a queue or category (``name``, ``name_zh``) in the reader's language."""
        chinese = thing["name_zh"] if isinstance(thing, Mapping) else thing.name_zh
        english = thing["name"] if isinstance(thing, Mapping) else thing.name
        return str((chinese if locale == "zh" else "") or english)

    return name


class _Times:
    """Moments as people read them, in the reader's language and zone."""

    def __init__(self, locale: str) -> None:
        self._locale = _BABEL_LOCALE[locale]
        self._gettext = translations(locale).gettext
        self._chinese = locale == "zh"

    @pass_context
    def ago(self, context: Context, moment: datetime) -> str:
        """Short and for lists: now, 5 min, 3 h, Tue, 12 Mar, 12/03/24. The browser keeps the first three current."""
        here = moment.astimezone(zone(context["timezone"]))
        age = clock.now() - moment
        if age < timedelta(minutes=1):
            return self._gettext("now")
        if age < timedelta(hours=1):
            return self._gettext("{n} min").replace("{n}", str(age.seconds // 60))
        if age < timedelta(days=1):
            return self._gettext("{n} h").replace("{n}", str(age.seconds // 3600))
        if age < timedelta(days=6):
            return format_date(here, "EEE", locale=self._locale)
        if here.year == clock.now().year:
            return format_date(here, "M月d日" if self._chinese else "d MMM", locale=self._locale)
        return format_date(here, "short", locale=self._locale)

    @pass_context
    def aged(self, context: Context, moment: datetime, kind: str = "") -> Markup:
        """:meth:`ago` as an element that the browser keeps current."""
        here = moment.astimezone(zone(context["timezone"]))
        return Markup('<time class="ago {}" datetime="{}" title="{:%Y-%m-%d %H:%M}">{}</time>').format(
            kind, clock.iso(moment), here, self.ago(context, moment)
        )

    @pass_context
    def moment(self, context: Context, moment: datetime) -> str:
        """Date and time in full."""
        return format_datetime(moment, "medium", tzinfo=zone(context["timezone"]), locale=self._locale)

    @pass_context
    def clock(self, context: Context, moment: datetime) -> str:
        """Time of day."""
        return format_time(moment, "HH:mm", tzinfo=zone(context["timezone"]), locale=self._locale)

    @pass_context
    def day(self, context: Context, moment: datetime) -> str:
        """Today, yesterday, or the date."""
        here = zone(context["timezone"])
        days = (clock.now().astimezone(here).date() - moment.astimezone(here).date()).days
        if days == 0:
            return self._gettext("Today")
        if days == 1:
            return self._gettext("Yesterday")
        return format_date(moment.astimezone(here), "full", locale=self._locale)

    @pass_context
    def date(self, context: Context, moment: datetime) -> str:
        """The date alone."""
        return format_date(moment.astimezone(zone(context["timezone"])), "medium", locale=self._locale)

    @pass_context
    def day_key(self, context: Context, moment: datetime) -> str:
        """The reader's calendar day, to tell days apart."""
        return moment.astimezone(zone(context["timezone"])).date().isoformat()


def _size(count: int) -> str:
    """A number of bytes, rounded."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def initials(name: str) -> str:
    """Two letters for a face: "Ann Lee" → AL; the last two of a Chinese name: "王小明" → 小明; "" without letters."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalpha()]
    if not words:
        return ""
    if words[0][0] > "\u2e7f":
        return words[0][-2:]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def written(text: str, files: Iterable[Attachment]) -> Markup:
    """What an agent wrote, with its pictures in place."""
    placed = {file.content_id: f"/attachments/{file.id}?inline=1" for file in files if file.inline and file.content_id}
    html = html_with_pictures(text, lambda content_id: placed.get(content_id, ""))
    return Markup(html)  # noqa: S704  cleaned by nh3, the pictures' addresses are ours  # nosec B704


def linked(text: str) -> Markup:
    """Plain text with its web addresses as links that tell nobody where they were clicked; line ends kept by CSS."""
    pieces: list[str] = []
    end = 0
    for match in _LINK.finditer(text):
        address = escape(match[1])
        pieces += [
            str(escape(text[end : match.start()])),
            f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">{address}</a>',
        ]
        end = match.end()
    pieces.append(str(escape(text[end:])))
    return Markup("".join(pieces))  # noqa: S704  every piece is escaped  # nosec B704
