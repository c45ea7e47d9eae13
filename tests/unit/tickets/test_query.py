"""The inbox's search language: what is read, what is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.envelope import Channel
from contactcenter.errors import InvalidInput
from contactcenter.tickets.query import MAX_LENGTH, OPERATORS, TicketQuery
from contactcenter.tickets.records import Priority, TicketStatus


def test_operators_and_words_are_told_apart():
    query = TicketQuery.parse('status:new,open queue:claims "two words" lamp tag:VIP channel:sms priority:high')
    assert query.statuses == (TicketStatus.NEW, TicketStatus.OPEN)
    assert (query.queues, query.tags, query.channels) == (("claims",), ("vip",), (Channel.SMS,))
    assert (query.words, query.phrases, query.priorities) == (("lamp",), ("two words",), (Priority.HIGH,))


def test_a_value_may_be_quoted():
    assert TicketQuery.parse('from:"Dora Blum"').sender == "Dora Blum"


@pytest.mark.parametrize("q", ["color:red", "statu:new", "a:*", "order_by:(select)"])
def test_a_misspelt_operator_is_refused_and_named(q):
    with pytest.raises(InvalidInput) as refused:
        TicketQuery.parse(q)
    assert refused.value.field == "q"
    assert all(name in str(refused.value) for name in OPERATORS)


@pytest.mark.parametrize(
    "q", ["status:late", "priority:9", "channel:pigeon", "before:soon", "after:2025-13-01", "has:lunch",
          "complaint:maybe",          "is:nice", "answered:dog", "status:", "x" * (MAX_LENGTH + 1), "w " * 30],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused(q):
    with pytest.raises(InvalidInput):
        TicketQuery.parse(q)


def test_a_pasted_subject_is_searched_for():
    assert TicketQuery.parse("Re: Lamp").words == ("Re", "Lamp")


def test_an_address_of_the_web_is_a_word_and_no_operator():
    assert TicketQuery.parse("https://shop.example/x?a=1").words == ("https://shop.example/x?a=1",)


def test_days_are_midnights_in_utc():
    query = TicketQuery.parse("before:2025-02-01 after:2025-01-01")
    assert query.before == datetime(2025, 2, 1, tzinfo=UTC)
    assert query.after == datetime(2025, 1, 1, tzinfo=UTC)


def test_a_number_sign_names_one_ticket():
    assert TicketQuery.parse("#1042").number == 1042


def test_snoozed_tickets_are_hidden_unless_asked_for():
    assert TicketQuery.parse("").snoozed is False
    assert TicketQuery.parse("is:snoozed").snoozed is True
    assert TicketQuery.parse("is:any").snoozed is None
    assert TicketQuery.parse("", hide_snoozed=False) == TicketQuery()


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_but_never_a_surprise(q):
    try:
        query = TicketQuery.parse(q)
    except InvalidInput:
        return
    assert len(query.words) <= 60
