"""Migrations: they make exactly the tables the records describe."""

from alembic import command
from sqlalchemy import create_engine

from contactcenter.conversations import records as conversations
from contactcenter.customers import records as customers
from contactcenter.knowledge import records as knowledge
from contactcenter.staff import records as staff
from contactcenter.store import migrate
from contactcenter.store.schema import metadata
from contactcenter.tickets import records as tickets
from contactcenter.tickets.automation import records as automation

ROOMS = (conversations, customers, knowledge, staff, tickets, automation)


def test_the_newest_migration_matches_the_records(database_url: str) -> None:
    assert ROOMS
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.check(migrate.configuration(connection, metadata()))
    engine.dispose()


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    migrate.upgrade(database_url)
    current, wanted = migrate.status(database_url)
    assert current == wanted


def test_the_newest_migration_can_be_taken_back_and_applied_again(database_url: str) -> None:
    engine = create_engine(database_url)
    for step, revision in ((command.downgrade, "-1"), (command.upgrade, "head")):
        with engine.begin() as connection:
            step(migrate.configuration(connection, metadata()), revision)
    with engine.begin() as connection:
        command.check(migrate.configuration(connection, metadata()))
    engine.dispose()
