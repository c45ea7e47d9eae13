"""The story: forms of messages, who goes on, what events say."""

from datetime import timedelta

from contactcenter import clock
from contactcenter.agent_ui.timeline import newest_message, story
from contactcenter.conversations.records import Message
from contactcenter.conversations.timeline import TimelineMessage
from contactcenter.tickets.overview import EventLine
from contactcenter.tickets.records import TicketEvent

TICKET = clock.new_id()


def said(channel="chat", direction="in", author="customer", **fields):
    values = {"channel": channel, "direction": direction, "author_type": author, "conversation_id": TICKET, **fields}
    return TimelineMessage(Message(**values))


def happened(kind, agent="Ann", names=None, **data):
    return EventLine(TicketEvent(ticket_id=TICKET, agent_id=clock.new_id(), kind=kind, data=data), agent, names or {})


def told(messages=(), events=()):
    return story(messages, events, str, lambda key: f"<{key}>")


def test_each_channel_has_its_form():
    entries = told([said("email"), said("sms"), said("phone"), said("email", "out", "agent", kind="note")])
    assert [entry.form for entry in entries] == ["mail", "bubble", "call", "note"]


def test_a_writer_who_goes_on_soon_needs_no_name():
    first, second = said(), said()
    later = said(created_at=clock.now() + timedelta(minutes=9))
    assert [entry.joined for entry in told([first, second, later])] == [False, True, False]


def test_a_machine_answer_shows_its_certainty_and_a_receipt_none():
    sure = {"decision": "answer", "answer": {"article": "x", "probability": 0.97}}
    question, answer = said("email", assessment=sure), said("email", "out", "machine")
    assert told([question, answer])[1].certainty == 0.97
    routed = said("email", assessment={"decision": "route", "answer": None})
    assert [entry.form for entry in told([routed, said("email", "out", "machine")])] == ["mail", "receipt"]


def test_a_message_that_triage_said_nothing_of_has_a_note_right_behind_it():
    first, later = said("email", trace={"unassessed": "over-time"}), said("email")
    entries = told([first, later])
    assert [entry.form for entry in entries] == ["mail", "line", "mail"]
    assert "it took too long" in entries[1].sentence


def test_html_is_shown_as_a_sheet_unless_its_quotation_cannot_be_folded():
    assert told([said("email", html="<p>x</p>")])[0].as_sheet
    assert told([said("email", html="<p>x</p><blockquote>y</blockquote>", quoted_text="y")])[0].as_sheet
    assert not told([said("email", html="<p>x</p><hr>From: y", quoted_text="y")])[0].as_sheet


def test_messages_and_events_stand_in_the_order_of_time():
    first, event, last = said(), happened("resolved"), said()
    assert [entry.form for entry in told([first, last], [event])] == ["bubble", "line", "bubble"]


def test_events_are_sentences():
    other = clock.new_id()
    lines = [
        happened("assigned", now=other, names={other: "Bob"}),
        happened("assigned", now=None),
        happened("priority", now="high"),
        happened("category", now="billing"),
        happened("snoozed", until=None),
        happened("merged", into=1007),
        happened("reopened", agent=""),
    ]
    assert [entry.sentence for entry in told(events=lines)] == [
        "Ann assigned the ticket to Bob",
        "Ann gave the ticket back",
        "Ann set the priority to High",
        "Ann corrected the category to <billing>",
        "Ann woke the ticket",
        "Ann merged this ticket into #1007",
        "The customer reopened the ticket",
    ]


def test_what_a_message_already_says_is_no_event():
    assert told(events=[happened("replied", message="x"), happened("noted"), happened("from-the-future")]) == []


def test_braces_in_a_name_are_letters():
    line = happened("resolved", agent="{now.__class__}")
    assert told(events=[line])[0].sentence == "{now.__class__} resolved the ticket"


def test_the_newest_message_is_what_a_reply_must_have_seen():
    messages = [said(), said()]
    assert newest_message(messages) == messages[1].message.id
    assert newest_message([]) == ""
