"""Administration of mailboxes: those of the settings file to look at, others to add and remove.

The account of a mailbox that is fetched by IMAP is kept sealed with the instance's key and never shown again. It can be
tried before it is kept and at any time later; how fetching goes stands in the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from aiohttp import web
from pydantic import SecretStr

from contactcenter.agent_ui import admin
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.settings import FILE_NAME, Imap, Mailbox
from contactcenter.staff.access import Role
from contactcenter.tickets import mailboxes, queues

_TEXTS = (
    *("address", "name", "queue", "fetch", "host", "port", "tls", "user", "folder", "after", "move_to"),
    *("auth", "token_url", "client_id", "scope"),
)
_FIELDS = ("address", "host", "port", "user", "password", "token_url", "client_id", "refresh_token", "move_to")
_START: Mapping[str, str] = {"port": "993", "folder": "INBOX", "tls": "on", "auth": "password", "after": "seen"}
_TLS: Mapping[str, bool | Literal["starttls"]] = {"on": True, "starttls": "starttls", "off": False}
_AFTER: Mapping[str, Literal["seen", "move", "keep"]] = {"seen": "seen", "move": "move", "keep": "keep"}


def doors() -> Doors:
    """The mailboxes; for administrators."""
    return (
        get("/admin/mailboxes", listing, Role.ADMIN),
        get("/admin/mailboxes/new", new, Role.ADMIN),
        post("/admin/mailboxes/new", add, Role.ADMIN),
        post("/admin/mailboxes/new/test", try_new, Role.ADMIN),
        post("/admin/mailboxes/test", try_known, Role.ADMIN),
        post("/admin/mailboxes/{id}/delete", delete, Role.ADMIN),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """All mailboxes and where their mail goes."""
    async with visit.store.read() as uow:
        boxes = await mailboxes.list_mailboxes(uow, visit.room.settings)
        names = {queue.key: queue for queue in await queues.list_queues(uow)}
        fetched = await mailboxes.fetch_statuses(uow)
    listen = visit.room.settings.smtp.listen
    shown: dict[str, Any] = {"boxes": boxes, "names": names, "fetched": fetched, "file": FILE_NAME, "listen": listen}
    return admin.page(visit, "admin/mailboxes.html", **shown)


async def new(visit: Visit) -> web.StreamResponse:
    """The form for a new mailbox."""
    return await _form(visit, {})


async def add(visit: Visit) -> web.StreamResponse:
    """Take mail for another address."""
    try:
        account = _account(visit) if visit.text("fetch") else None
        async with visit.store.transaction() as uow:
            await mailboxes.create_mailbox(
                uow,
                visit.actor,
                visit.room.settings,
                address=visit.text("address"),
                name=visit.text("name"),
                queue=visit.text("queue"),
                imap_sealed=mailboxes.seal_account(visit.store.secrets, account) if account else "",
            )
    except InvalidInput as error:
        return await _form(visit, admin.faults(visit, error, fields=_FIELDS), error.status)
    except Conflict as error:
        text = visit.gettext("This address is one of ours already.")
        return await _form(visit, {"address": text}, error.status)
    return visit.go("/admin/mailboxes?done=added")


async def delete(visit: Visit) -> web.StreamResponse:
    """Take no more mail for an address that was made here."""
    async with visit.store.transaction() as uow:
        await mailboxes.delete_mailbox(uow, visit.actor, visit.path["id"])
    return visit.go("/admin/mailboxes?done=removed")


async def try_new(visit: Visit) -> web.StreamResponse:
    """Sign in with the account of the form as it stands, and say how that went."""
    try:
        mailbox = Mailbox(address="new@mailbox.invalid", imap=_account(visit))
    except InvalidInput as error:
        return _told(visit, mailboxes.Trial(visit.gettext(str(error))))
    return await _tried(visit, mailbox, made_in_console=True)


async def try_known(visit: Visit) -> web.StreamResponse:
    """Sign in to a mailbox we have (``address``), and say how that went."""
    address = visit.text("address")
    for mailbox in visit.room.settings.mailboxes:
        if mailbox.address == address and mailbox.imap is not None:
            return await _tried(visit, mailbox, made_in_console=False)
    async with visit.store.read() as uow:
        made = await mailboxes.fetched_mailboxes(uow, visit.store.secrets)
    for mailbox in made:
        if mailbox.address == address:
            return await _tried(visit, mailbox, made_in_console=True)
    raise NotFound("there is no such mailbox")


async def _tried(visit: Visit, mailbox: Mailbox, *, made_in_console: bool) -> web.Response:
    if visit.room.trials is None:
        raise NotFound("there is no such mailbox")
    return _told(visit, await visit.room.trials(mailbox, made_in_console=made_in_console))


def _told(visit: Visit, trial: mailboxes.Trial) -> web.Response:
    return visit.fragments(visit.render("admin/trial.html", trial=trial))


def _account(visit: Visit) -> Imap:
    """The IMAP account of the form. Raises :class:`InvalidInput` naming the field."""
    host, port = visit.text("host").strip().lower(), visit.text("port").strip()
    if not host or len(host) > 253 or not all(letter.isalnum() or letter in ".-:" for letter in host):
        raise InvalidInput("that is not the name of a server", field="host")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise InvalidInput("a port is a number from 1 to 65535", field="port")
    after, folder, move_to = visit.text("after"), visit.text("folder").strip() or "INBOX", visit.text("move_to").strip()
    if after == "move" and move_to in {"", folder}:
        raise InvalidInput("mail is moved to another folder", field="move_to")
    xoauth2 = visit.text("auth") == "xoauth2"
    return Imap(
        host=host,
        port=int(port),
        tls=_TLS.get(visit.text("tls", "on"), True),
        user=visit.text("user").strip(),
        folder=folder,
        after=_AFTER.get(after, "seen"),
        move_to=move_to,
        **(_client(visit) if xoauth2 else _password(visit)),
    )


def _password(visit: Visit) -> dict[str, Any]:
    if not visit.text("user").strip() or not visit.text("password"):
        raise InvalidInput("an account has a user name and a password", field="user")
    return {"password": SecretStr(visit.text("password"))}


def _client(visit: Visit) -> dict[str, Any]:
    """What access tokens are asked for with."""
    url = visit.text("token_url").strip()
    if not visit.text("user").strip():
        raise InvalidInput("an account has a user name", field="user")
    if not url.startswith("https://"):
        raise InvalidInput("that is not an https address", field="token_url")
    if not visit.text("client_id").strip():
        raise InvalidInput("a client has an id", field="client_id")
    if not visit.text("refresh_token") and not visit.text("client_secret"):
        raise InvalidInput("a refresh token or a client secret is needed", field="refresh_token")
    return {
        "auth": "xoauth2",
        "token_url": url,
        "client_id": visit.text("client_id").strip(),
        "scope": visit.text("scope").strip(),
        "client_secret": SecretStr(visit.text("client_secret").strip()),
        "refresh_token": SecretStr(visit.text("refresh_token").strip()),
    }


async def _form(visit: Visit, faults: Mapping[str, str], status: int = 200) -> web.Response:
    """The form with what was sent, its secrets excepted."""
    sent = {name: visit.text(name) for name in _TEXTS if name in visit.form}
    values = dict.fromkeys(_TEXTS, "") | dict(_START) | sent
    async with visit.store.read() as uow:
        known = await queues.list_queues(uow)
    return admin.page(visit, "admin/mailbox.html", status, queues=known, faults=faults, **values)
