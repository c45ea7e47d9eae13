"""Who a customer is: names on channels (mail addresses, phone numbers, chat and external ids) → one customer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import idna
from sqlalchemy import ARRAY, DateTime, Text, Uuid, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import make_transient_to_detached
from sqlmodel import col

from contactcenter import clock
from contactcenter.customers.records import Customer, CustomerIdentity
from contactcenter.envelope import Identity, IdentityKind
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.store.unit_of_work import UnitOfWork

MAX_LENGTH = 320
"""Of an identity's value: the longest mail address (RFC 5321: 64 + 1 + 255)."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

Key = tuple[str, str]  # kind, normalised value


def normalise(kind: IdentityKind, value: str) -> str:
    """The one form of a name that is kept and compared.

    Mail: lower case, the domain as A-labels (RFC 5891), so that both spellings of an international domain are one.
    Phone: E.164 where it is a number with its country, else (short codes, alphanumeric senders) the text without
    spaces. Raises :class:`InvalidInput` when nothing is left.
    """
    clean = _CONTROL.sub("", value).strip()[:MAX_LENGTH]
    if kind is IdentityKind.EMAIL:
        clean = _mail(clean)
    elif kind is IdentityKind.PHONE:
        clean = clean if _E164.fullmatch(clean) else _phone(clean)
    if not clean:
        raise InvalidInput("an identity needs a value", field="identity")
    return clean


def normalised(identity: Identity) -> Identity:
    """The identity with its value normalised."""
    return Identity(identity.kind, normalise(identity.kind, identity.value), identity.name)


def parse(written: str, name: str = "") -> Identity:
    """Read ``email:a@b.c`` as programs and people write it. Raises :class:`InvalidInput` (field ``identity``)."""
    try:
        identity = normalised(Identity.parse(written, name))
    except ValueError as error:
        kinds = ", ".join(IdentityKind)
        raise InvalidInput(f"an identity is written kind:value, with a kind of {kinds}", field="identity") from error
    if identity.kind is IdentityKind.EMAIL and not re.fullmatch(r"[^\s@]+@[^\s@]+", identity.value):
        raise InvalidInput("that is not an e-mail address", field="identity")
    if identity.kind is IdentityKind.PHONE and not _E164.fullmatch(identity.value):
        raise InvalidInput("a phone number is written with its country, such as +12025550100", field="identity")
    return identity


async def resolve(uow: UnitOfWork, identity: Identity, *, language: str = "", verified: bool = False) -> Customer:
    """The customer of this identity, made when he is new.

    A known customer without a language takes ``language``; ``verified`` (the channel itself proves the identity)
    marks the identity, never unmarks it.
    """
    customer = (await resolve_many(uow, [identity], verified=verified))[str(identity)]
    if language and not customer.language:
        customer.language = language
    return customer


async def resolve_many(
    uow: UnitOfWork, identities: Sequence[Identity], *, verified: bool = False, wrote: bool = False
) -> dict[str, Customer]:
    """The customers of many identities by ``str(identity)`` as given; unknown ones are made.

    ``wrote``: they write to us at this moment, so whoever was thought to be out of reach is not.
    One statement when all are known, two when some are new, one or two more to note that names are proven, that they
    are within reach again, or that another transaction made somebody first.
    Safe against races: the unique index decides, and identities are written in one order, so no two batches block each
    other for good. The customers are attached to the session: changes to
    them are written by it.
    """
    keys: dict[Key, Identity] = {}
    for identity in identities:
        keys.setdefault((identity.kind.value, normalise(identity.kind, identity.value)), identity)
    known, unproven, unreached = await _lookup(uow, keys)
    if verified and unproven:
        await uow.session.execute(_VERIFY, {"ids": unproven})
    if wrote and unreached:
        await uow.session.execute(_REACHABLE, {"ids": unreached})
    missing = sorted(key for key in keys if key not in known)
    if missing:
        known.update(await _create(uow, {key: keys[key] for key in missing}, verified=verified))
    for key, customer in known.items():
        if not customer.name and keys[key].name:
            customer.name = _clean_name(keys[key].name)
    return {
        str(identity): known[identity.kind.value, normalise(identity.kind, identity.value)] for identity in identities
    }


async def find(uow: UnitOfWork, identity: Identity) -> Customer | None:
    """The customer of this identity, if he is known."""
    key = (identity.kind.value, normalise(identity.kind, identity.value))
    known, _, _ = await _lookup(uow, [key])
    return known.get(key)


async def current_customer(uow: UnitOfWork, customer_id: str) -> Customer:
    """The customer of this id, merges followed. Raises :class:`NotFound`."""
    customer = await uow.session.get(Customer, customer_id) if clock.is_id(customer_id) else None
    seen: set[str] = set()
    while customer is not None and customer.merged_into_id is not None and customer.id not in seen:
        seen.add(customer.id)
        customer = await uow.session.get(Customer, customer.merged_into_id)
    if customer is None:
        raise NotFound("there is no such customer")
    return customer


async def identities_of(uow: UnitOfWork, customer_id: str) -> list[CustomerIdentity]:
    """The names of a customer, oldest first."""
    found = await uow.session.scalars(
        select(CustomerIdentity)
        .where(col(CustomerIdentity.customer_id) == customer_id)
        .order_by(col(CustomerIdentity.id))
    )
    return list(found)


async def add_identity(
    uow: UnitOfWork, customer_id: str, identity: Identity, *, verified: bool = False
) -> CustomerIdentity:
    """Give a customer another name. The same name twice is one.

    Raises :class:`NotFound`, and :class:`Conflict` when the name is another customer's: then merge the two.
    """
    customer = await current_customer(uow, customer_id)
    value = normalise(identity.kind, identity.value)
    row = {
        "id": clock.new_id(),
        "customer_id": customer.id,
        "kind": identity.kind.value,
        "value": value,
        "name": _clean_name(identity.name),
        "verified": verified,
        "created_at": clock.now(),
    }
    await uow.session.execute(
        pg_insert(CustomerIdentity).values(**row).on_conflict_do_nothing(index_elements=["kind", "value"])
    )
    held = await uow.session.scalar(
        select(CustomerIdentity).where(
            col(CustomerIdentity.kind) == identity.kind.value, col(CustomerIdentity.value) == value
        )
    )
    if held is None or held.customer_id != customer.id:
        raise Conflict("another customer goes by that name; merge the two instead")
    if verified and not held.verified:
        held.verified = True
    uow.publish(Event(EventKind.CUSTOMER_CHANGED, customer=customer.id))
    return held


async def mark_undeliverable(uow: UnitOfWork, identity: Identity, reason: str = "") -> bool:
    """Note that mail to this identity is refused for good, and why; False when nobody goes by it."""
    marked = await uow.session.scalar(
        update(CustomerIdentity)
        .where(
            col(CustomerIdentity.kind) == identity.kind.value,
            col(CustomerIdentity.value) == normalise(identity.kind, identity.value),
        )
        .values(undeliverable_at=clock.now(), undeliverable_reason=reason[:500])
        .returning(col(CustomerIdentity.customer_id))
    )
    if marked is not None:
        uow.publish(Event(EventKind.CUSTOMER_CHANGED, customer=marked))
    return marked is not None


async def mark_reachable(uow: UnitOfWork, customer_id: str, identity: Identity) -> None:
    """Take it back that this name of a customer is out of reach. Raises :class:`NotFound` when it is not his."""
    found = await uow.session.scalar(
        update(CustomerIdentity)
        .where(
            col(CustomerIdentity.customer_id) == customer_id,
            col(CustomerIdentity.kind) == identity.kind.value,
            col(CustomerIdentity.value) == normalise(identity.kind, identity.value),
        )
        .values(undeliverable_at=None, undeliverable_reason="")
        .returning(col(CustomerIdentity.id))
    )
    if found is None:
        raise NotFound("the customer has no such address")
    uow.publish(Event(EventKind.CUSTOMER_CHANGED, customer=customer_id))


_LOOKUP = (
    select(
        col(CustomerIdentity.id),
        col(CustomerIdentity.verified),
        col(CustomerIdentity.undeliverable_at),
        col(CustomerIdentity.kind),
        col(CustomerIdentity.value),
        Customer,
    )
    .join(Customer, col(Customer.id) == col(CustomerIdentity.customer_id))
    .where(
        text(
            "(customer_identity.kind, customer_identity.value) IN "
            "(SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:names AS text[])))"
        ).bindparams(bindparam("kinds", type_=ARRAY(Text)), bindparam("names", type_=ARRAY(Text)))
    )
)


_VERIFY = (
    update(CustomerIdentity)
    .where(col(CustomerIdentity.id) == func.any(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False)))))
    .values(verified=True)
    .execution_options(synchronize_session=False)
)


_REACHABLE = (
    update(CustomerIdentity)
    .where(col(CustomerIdentity.id) == func.any(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False)))))
    .values(undeliverable_at=None, undeliverable_reason="")
    .execution_options(synchronize_session=False)
)


async def _lookup(uow: UnitOfWork, keys: Iterable[Key]) -> tuple[dict[Key, Customer], list[str], list[str]]:
    """Who goes by these names, and the ids of identities that nothing proved so far and of those out of reach."""
    wanted = list(keys)
    if not wanted:
        return {}, [], []
    parameters = {"kinds": [kind for kind, _ in wanted], "names": [value for _, value in wanted]}
    known: dict[Key, Customer] = {}
    unproven: list[str] = []
    unreached: list[str] = []
    for identity_id, verified, dead_since, kind, value, customer in await uow.session.execute(_LOOKUP, parameters):
        if not verified:
            unproven.append(identity_id)
        if dead_since is not None:
            unreached.append(identity_id)
        merged = customer.merged_into_id is not None
        known[kind, value] = await current_customer(uow, customer.id) if merged else customer
    return known, unproven, unreached


_CREATE = text(
    """
    WITH asked AS (
        SELECT * FROM unnest(:customers, :identities, :kinds, :names, :labels)
            AS a (customer_id, identity_id, kind, value, label)
    ),
    made AS (
        INSERT INTO customer (id, name, created_at, updated_at) SELECT customer_id, label, :now, :now FROM asked
    )
    INSERT INTO customer_identity (id, customer_id, kind, value, name, verified, created_at)
    SELECT identity_id, customer_id, kind, value, label, :verified, :now FROM asked ORDER BY kind, value
    ON CONFLICT (kind, value) DO NOTHING
    RETURNING customer_id::text
    """
).bindparams(
    *(bindparam(name, type_=ARRAY(Uuid(as_uuid=False))) for name in ("customers", "identities")),
    *(bindparam(name, type_=ARRAY(Text)) for name in ("kinds", "names", "labels")),
    bindparam("now", type_=DateTime(timezone=True)),
)


async def _create(uow: UnitOfWork, new: dict[Key, Identity], *, verified: bool) -> dict[Key, Customer]:
    """Make customers for names nobody had a moment ago; where another transaction was faster, take its customer."""
    now = clock.now()
    made = {
        key: Customer(name=_clean_name(identity.name), created_at=now, updated_at=now) for key, identity in new.items()
    }
    parameters = {
        "customers": [customer.id for customer in made.values()],
        "identities": [clock.new_id() for _ in made],
        "kinds": [kind for kind, _ in made],
        "names": [value for _, value in made],
        "labels": [customer.name for customer in made.values()],
        "verified": verified,
        "now": now,
    }
    won = set(await uow.session.scalars(_CREATE, parameters))
    lost = [key for key, customer in made.items() if customer.id not in won]
    if lost:
        orphans = [made.pop(key).id for key in lost]
        await uow.session.execute(delete(Customer).where(col(Customer.id).in_(orphans)))
    for customer in made.values():
        make_transient_to_detached(customer)  # its row is there: what changes from now on is an update
        uow.session.add(customer)
    taken, _, _ = await _lookup(uow, lost)
    return {**made, **taken}


def _mail(address: str) -> str:
    """Lower-case address with an A-label domain; what is no international domain name stays as it was written."""
    address = address.lower()
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    try:
        domain = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return address
    return f"{local}{at}{domain}"


def _phone(number: str) -> str:
    """E.164, or the text without spaces where it is no international number."""
    import phonenumbers  # its metadata takes memory and time; most processes meet only numbers already in E.164

    written = f"+{number[2:]}" if number.startswith("00") else number
    try:
        parsed = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException:
        return "".join(number.split())
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _clean_name(name: str) -> str:
    return _CONTROL.sub(" ", name).strip()[:200]
