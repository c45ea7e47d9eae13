"""Roles and what they open."""

import pytest

from contactcenter.errors import Forbidden
from contactcenter.staff.access import MACHINE, Actor, Role, require


def actor(role: Role, *queues: str) -> Actor:
    return Actor("1", "Ann", "ann@desk.example", role, queue_ids=frozenset(queues))


def test_each_role_may_do_what_the_ones_before_it_may():
    for rank, role in enumerate(Role):
        assert [actor(role).at_least(other) for other in Role] == [other <= rank for other in range(len(Role))]


def test_an_agent_sees_his_queues_and_others_see_all():
    assert actor(Role.AGENT, "q1").sees_queue("q1")
    assert not actor(Role.AGENT, "q1").sees_queue("q2")
    assert actor(Role.SUPERVISOR).sees_queue("q2")
    assert MACHINE.sees_queue("q2")


def test_a_role_that_is_too_low_is_forbidden():
    require(actor(Role.ADMIN), Role.ADMIN)
    with pytest.raises(Forbidden):
        require(actor(Role.SUPERVISOR), Role.ADMIN)
