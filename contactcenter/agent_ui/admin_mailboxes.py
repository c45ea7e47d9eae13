"""Administration of mailboxes: those of the settings file to look at, others to add and remove.

The account of a mailbox that is fetched by IMAP is kept sealed with the instance's key and never shown again.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from pydantic import SecretStr

from contactcenter.agent_ui import admin
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import Conflict, InvalidInput
from contactcenter.settings import FILE_NAME, Imap
from contactcenter.staff.access import Role
from contactcenter.tickets import mailboxes, queues

_TEXTS = ("address", "name", "queue", "fetch", "host", "port", "user", "folder")
_FIELDS = ("address", "host", "port", "user", "password")
_START: Mapping[str, str] = {"port": "993", "folder": "INBOX"}


def doors() -> Doors:
    """The mailboxes; for administrators."""
    return (
        get("/admin/mailboxes", listing, Role.ADMIN),
        get("/admin/mailboxes/new", new, Role.ADMIN),
        post("/admin/mailboxes/new", add, Role.ADMIN),
        post("/admin/mailboxes/{id}/delete", delete, Role.ADMIN),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """All mailboxes and where their mail goes."""
    async with visit.store.read() as uow:
        boxes = await mailboxes.list_mailboxes(uow, visit.room.settings)
        names = {queue.key: queue for queue in await queues.list_queues(uow)}
    settings = visit.room.settings
    return admin.page(
        visit, "admin/mailboxes.html", boxes=boxes, names=names, file=FILE_NAME, listen=settings.smtp.listen
    )


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


def _account(visit: Visit) -> Imap:
    """The IMAP account of the form. Raises :class:`InvalidInput` naming the field."""
    host, port = visit.text("host").strip().lower(), visit.text("port").strip()
    if not host or len(host) > 253 or not all(letter.isalnum() or letter in ".-:" for letter in host):
        raise InvalidInput("that is not the name of a server", field="host")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise InvalidInput("a port is a number from 1 to 65535", field="port")
    if not visit.text("user").strip() or not visit.text("password"):
        raise InvalidInput("an account has a user name and a password", field="user")
    return Imap(
        host=host,
        port=int(port),
        tls="tls" in visit.form,
        user=visit.text("user").strip(),
        password=SecretStr(visit.text("password")),
        folder=visit.text("folder").strip() or "INBOX",
    )


async def _form(visit: Visit, faults: Mapping[str, str], status: int = 200) -> web.Response:
    """The form with what was sent, the password excepted."""
    sent = {name: visit.text(name) for name in _TEXTS if name in visit.form}
    values = dict.fromkeys(_TEXTS, "") | dict(_START) | sent
    async with visit.store.read() as uow:
        known = await queues.list_queues(uow)
    tls = "tls" in visit.form or not sent
    return admin.page(visit, "admin/mailbox.html", status, queues=known, tls=tls, faults=faults, **values)
