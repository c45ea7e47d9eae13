"""One request of the console: who is asking, in which language, and the ways to answer him."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import MultiDict

from contactcenter.agent_ui.help_opinions import Opinions
from contactcenter.agent_ui.rendering import Renderer
from contactcenter.agent_ui.static_files import StaticFiles
from contactcenter.agent_ui.words import ERROR
from contactcenter.envelope import MessageSink
from contactcenter.errors import ContactCenterError, InvalidInput, Unauthenticated
from contactcenter.events import EventHub
from contactcenter.i18n import translations
from contactcenter.settings import Settings
from contactcenter.staff.access import Actor, Role
from contactcenter.store.store import Store
from contactcenter.tickets.mailboxes import MailboxTrials

Fields = MultiDict[str | web.FileField]
"""A posted form."""


BY_MEANING = 2
"""Searches of the help pages that may wait for the encoder at once; further ones go by words alone."""


@dataclass(frozen=True, slots=True)
class Room:
    """What every page of the console works with; one a process."""

    settings: Settings
    store: Store
    hub: EventHub
    inbox: MessageSink
    renderer: Renderer
    files: StaticFiles
    trials: MailboxTrials | None = None
    """Tries mailboxes; None where mail cannot be fetched from here."""

    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server stops: streams end then."""

    opinions: Opinions = field(default_factory=Opinions)
    """Which forms of the help pages were used already."""

    by_meaning: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BY_MEANING))
    """Held by a search of the help pages that goes by meaning: it waits for the same child process as agents do."""

    @property
    def https(self) -> bool:
        """Whether people reach the console by https: cookies are ``Secure`` then."""
        return self.settings.http.public_url.startswith("https:")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that passed the door. ``signed_in`` is None only behind public doors.

    ``availability`` is what the signed-in agent last said of himself: online or away.
    """

    request: web.Request
    room: Room
    signed_in: Actor | None
    csrf: str
    locale: str
    theme: str
    form: Fields = field(default_factory=MultiDict)
    availability: str = ""

    @property
    def actor(self) -> Actor:
        """Who acts; raises :class:`Unauthenticated` behind a public door without a session."""
        if self.signed_in is None:
            raise Unauthenticated("sign in first")
        return self.signed_in

    @property
    def store(self) -> Store:
        """The store."""
        return self.room.store

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the question mark, NULs left out: no text of a database can hold one."""
        return MultiDict((name, value.replace("\x00", "")) for name, value in self.request.query.items())

    @property
    def path(self) -> Mapping[str, str]:
        """The variable parts of the path."""
        return self.request.match_info

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part of a page (not for a page to restore from the browser's history)."""
        headers = self.request.headers
        return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"

    def gettext(self, message: str) -> str:
        """The text in the reader's language. Bind it to ``_`` so that its texts are extracted."""
        return translations(self.locale).gettext(message)

    def text(self, name: str, default: str = "") -> str:
        """A field of the posted form as text, line ends normalised; a file under that name is refused."""
        value = self.form.get(name, default)
        if not isinstance(value, str):
            raise InvalidInput(f"{name} is not a file", field=name)
        return value.replace("\r\n", "\n").replace("\x00", "")

    def texts(self, name: str) -> list[str]:
        """All values of a field of the posted form."""
        return [value for value in self.form.getall(name, []) if isinstance(value, str)]

    def values(self, **values: Any) -> dict[str, Any]:
        """What templates get: the page's own values and those every page needs."""
        return {
            "visit": self,
            "actor": self.signed_in,
            "csrf": self.csrf,
            "theme": self.theme,
            "timezone": self.request.cookies.get("zone", "UTC"),
            "here": self.request.path,
            **values,
        }

    def page(self, template: str, status: int = 200, **values: Any) -> web.Response:
        """A rendered template."""
        text = self.room.renderer.render(template, self.locale, self.values(**values))
        return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)

    def fragments(self, *parts: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
        """Pieces of markup that were rendered with :meth:`render` or :meth:`block`."""
        body = "\n".join(parts)
        return web.Response(text=body, content_type="text/html", charset="utf-8", status=status, headers=headers)

    def render(self, template: str, **values: Any) -> str:
        """A template as text."""
        return self.room.renderer.render(template, self.locale, self.values(**values))

    def toast(
        self, message: str, *, undo: str = "", kind: str = "done", values: Mapping[str, str] | None = None
    ) -> str:
        """A short notice at the page's foot, as a fragment that finds its place itself.

        ``undo`` is an address to post ``values`` to within ten seconds; ``kind`` is done or fault.
        """
        return self.render("fragments/toast.html", message=message, undo=undo, kind=kind, undo_values=values or {})

    def go(self, location: str) -> web.Response:
        """Send the browser elsewhere, by htmx or plainly."""
        if self.request.headers.get("HX-Request") == "true":
            return web.Response(headers={"HX-Redirect": location})
        return web.Response(status=303, headers={"Location": location})

    def fault(self, error: ContactCenterError) -> web.Response:
        """An error as this visitor can read it: a notice on the page he has, or a page of its own."""
        title = self.gettext(ERROR.get(error.status, error.title))
        detail = self.gettext(str(error)) if error.status != 500 else ""
        if detail == str(error) and self.locale != "en" and not isinstance(error, InvalidInput):
            detail = ""  # no words for it in this language; the title says enough
        headers = retry_headers(error)
        if self.request.headers.get("HX-Request") == "true":
            notice = self.toast(f"{title}: {detail}" if detail else title, kind="fault")
            return self.fragments(notice, status=error.status, headers={**headers, "HX-Reswap": "none"})
        response = self.page("problem.html", status=error.status, title=title, detail=detail, error_status=error.status)
        response.headers.update(headers)
        return response


def retry_headers(error: ContactCenterError) -> dict[str, str]:
    """When the same request may be sent again, where that can help."""
    return {"Retry-After": str(getattr(error, "retry_after", 5))} if error.retry else {}


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]
Fault = Callable[[Visit, ContactCenterError], web.Response]


@dataclass(frozen=True, slots=True)
class Door:
    """An address of the console: who may use it and what answers.

    Behind an ``anonymous`` door (a public one) nobody is known: the session's cookie is not looked at. ``fault``
    answers when something is wrong.
    """

    method: str
    path: str
    handler: Handler
    role: Role = Role.AGENT
    public: bool = False
    anonymous: bool = False
    fault: Fault = Visit.fault


Doors = Iterable[Door]


def get(path: str, handler: Handler, role: Role = Role.AGENT, *, public: bool = False) -> Door:
    """A page or a fragment."""
    return Door("GET", path, handler, role, public)


def post(path: str, handler: Handler, role: Role = Role.AGENT, *, public: bool = False) -> Door:
    """A command."""
    return Door("POST", path, handler, role, public)
