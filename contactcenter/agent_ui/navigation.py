"""The rail: where one can go in the console."""

from __future__ import annotations

from dataclasses import dataclass

from contactcenter.agent_ui.words import mark
from contactcenter.staff.access import Actor, Role


@dataclass(frozen=True, slots=True)
class Destination:
    """A place in the rail, for those with at least ``role`` and less than ``below``.

    ``key`` goes there after ``g``; ``prefixes`` are the paths that belong to it.
    """

    href: str
    label: str
    icon: str
    key: str
    prefixes: tuple[str, ...]
    role: Role = Role.AGENT
    below: Role | None = None

    def is_for(self, actor: Actor) -> bool:
        """Whether the actor finds it in his rail."""
        return actor.at_least(self.role) and (self.below is None or not actor.at_least(self.below))

    def holds(self, path: str) -> bool:
        """Whether the path lies in this place."""
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in self.prefixes)


RAIL = (
    Destination("/inbox", mark("Inbox"), "inbox", "i", ("/inbox", "/tickets")),
    Destination("/customers", mark("Customers"), "people", "c", ("/customers",)),
    Destination("/knowledge", mark("Knowledge"), "book", "k", ("/knowledge",)),
    Destination("/board", mark("Board"), "board", "b", ("/board",)),
    Destination("/audits", mark("Audits"), "gauge", "m", ("/audits",), below=Role.SUPERVISOR),
    Destination("/machine", mark("Machine quality"), "gauge", "m", ("/machine", "/audits", "/topics"), Role.SUPERVISOR),
    Destination("/quarantine", mark("Quarantine"), "shield", "q", ("/quarantine",)),
    Destination("/admin", mark("Administration"), "settings", "s", ("/admin",), Role.SUPERVISOR),
)


def destinations(actor: Actor, known: frozenset[str]) -> list[Destination]:
    """What the actor may go to, of the pages that there are (``known`` are the paths of all doors)."""
    return [place for place in RAIL if place.href in known and place.is_for(actor)]
