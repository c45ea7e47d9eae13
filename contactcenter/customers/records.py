"""Tables of the customers' room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from contactcenter.store.schema import document, flag, link, moment, primary_id, words


class Customer(SQLModel, table=True):
    """A person (or company) we serve. After a merge ``merged_into_id`` names who he is now."""

    __tablename__ = "customer"

    id: str = primary_id()
    name: str = words()
    language: str = words()
    note: str = words()
    attributes: dict[str, Any] = document()
    merged_into_id: str | None = link("customer.id", nullable=True, index=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()


class CustomerIdentity(SQLModel, table=True):
    """One name a customer goes by on a channel; belongs to exactly one customer."""

    __tablename__ = "customer_identity"
    __table_args__ = (Index("uq_customer_identity_kind_value", "kind", "value", unique=True),)

    id: str = primary_id()
    customer_id: str = link("customer.id", index=True)
    kind: str = words()
    value: str = words()
    name: str = words()
    verified: bool = flag()
    opted_out: bool = flag()
    undeliverable_at: datetime | None = moment(nullable=True)  # mail to it is refused for good since
    undeliverable_reason: str = words()
    created_at: datetime = moment()


class CustomerMerge(SQLModel, table=True):
    """What a merge moved, so that it can be taken back."""

    __tablename__ = "customer_merge"

    id: str = primary_id()
    source_id: str = link("customer.id", index=True)
    target_id: str = link("customer.id", index=True)
    moved: dict[str, Any] = document()
    by_agent_id: str = words()
    created_at: datetime = moment()
    undone_at: datetime | None = moment(nullable=True)


class BusinessRecord(SQLModel, table=True):
    """A policy, order, invoice or claim of a customer, as the company's own systems know it."""

    __tablename__ = "business_record"
    __table_args__ = (
        Index("uq_business_record_kind_number", "kind", "number", unique=True),
        Index("ix_business_record_customer", "customer_id", text("id DESC")),
    )

    id: str = primary_id()
    customer_id: str = link("customer.id")
    kind: str = words()  # policy | order | invoice | claim
    number: str = words()
    title: str = words()
    status: str = words()
    details: dict[str, Any] = document()
    created_at: datetime = moment()
