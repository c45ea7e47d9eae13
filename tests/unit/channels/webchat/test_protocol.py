"""Frames: what a visitor may send and how it is cleaned."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.channels.webchat import protocol
from contactcenter.channels.webchat.history import ChatLine, shortly_before
from contactcenter.channels.webchat.protocol import (
    Ack,
    Hello,
    Problem,
    ProblemCode,
    Say,
    Typing,
    clean_name,
    read_frame,
)
from contactcenter.clock import new_id
from contactcenter.envelope import AuthorType, Direction


def frame(**fields):
    return read_frame(json.dumps(fields))


def say(text, client_id="client-id-1", **fields):
    return frame(type="say", client_id=client_id, text=text, **fields)


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '"hello"', "1" * 20_000, "[" * 30_000, '{"type":"ack","id":7}']
)
def test_what_is_not_our_json_is_malformed(text):
    assert read_frame(text).code is ProblemCode.MALFORMED


@pytest.mark.parametrize("kind", ["welcome", "line", "", None, 7, ["hello"], {"a": 1}])
def test_an_unknown_type_is_a_problem(kind):
    assert frame(type=kind).code is ProblemCode.UNKNOWN


def test_unknown_fields_are_passed_over():
    assert frame(type="typing", role="admin", __proto__={"x": 1}) == Typing()


def test_hello_keeps_what_makes_sense():
    line_id = new_id()
    fields = {
        "token": "t",
        "after": line_id,
        "name": "Ann",
        "email": "ann@example.org",
        "page": "https://shop.example/a",
    }
    hello = frame(type="hello", title="A", language="zh-CN", **fields)
    assert hello == Hello("t", line_id, "Ann", "ann@example.org", "https://shop.example/a", "A", "zh-CN")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("after", "' OR 1=1"),
        ("after", 7),
        ("email", "ann@example.org\nBcc: all@example.org"),
        ("email", "no address"),
        ("email", "a@b,c@d"),
        ("page", "javascript:alert(1)"),
        ("page", "data:text/html,x"),
        ("language", "en\n<script>"),
        ("language", ["en"]),
        ("token", {"v1": 1}),
        ("name", "\u202e\u200b\x07"),
    ],
)
def test_a_field_of_hello_that_makes_no_sense_is_left_empty(field, value):
    assert getattr(frame(type="hello", **{field: value}), field) == ""


def test_a_name_is_one_visible_line_of_80_characters():
    assert clean_name("  Ann\r\n\tof\u2028the \u202eHills\x00 ", 80) == "Ann of the Hills"
    assert clean_name("王" * 200, 80) == "王" * 80


def test_a_message_is_stripped_of_control_characters_but_keeps_its_lines():
    assert say(" a\r\nb\rc\td\x00\x1b[31m\u0085 \n") == Say("client-id-1", "a\nb\nc\td[31m")


def test_emoji_keep_their_joiners():
    assert say("👩‍👩‍👧 好").text == "👩‍👩‍👧 好"


def test_a_lone_surrogate_does_not_get_in():
    heard = read_frame('{"type":"say","client_id":"client-id-1","text":"a\\ud800b"}')
    assert heard.text == "a\ufffdb"


def test_4000_characters_are_a_message_and_4001_are_not():
    assert say("字" * 4000).text == "字" * 4000
    assert say("字" * 4001) == Problem(ProblemCode.TOO_LONG, "more than 4000 characters", "client-id-1")


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x01"])
def test_nothing_is_no_message(text):
    assert say(text).code is ProblemCode.EMPTY


@pytest.mark.parametrize("client_id", ["", "short", "x" * 65, "with space in it", "a:b:c:d:e:f", None, 12345678])
def test_a_client_id_that_is_none_makes_no_message(client_id):
    assert say("Hello", client_id).code is ProblemCode.MALFORMED


@pytest.mark.parametrize("text", [None, 7, ["Hello"], {"text": "Hello"}])
def test_a_text_that_is_none_makes_no_message(text):
    assert say(text) == Problem(ProblemCode.MALFORMED, "text is missing", "client-id-1")


def test_an_ack_names_a_line():
    line_id = new_id()
    assert frame(type="ack", id=line_id) == Ack(line_id)
    assert frame(type="ack", id=line_id.upper()).code is ProblemCode.MALFORMED


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_no_text_raises(text):
    assert read_frame(text) is not None


@given(
    st.dictionaries(
        st.sampled_from(["type", "client_id", "text", "id", "token", "name", "page"]), st.text() | st.integers()
    )
)
def test_what_gets_in_can_always_be_stored(fields):
    for value in _texts(frame(**{"type": "hello", **fields})):
        assert "\x00" not in value
        value.encode()


def _texts(heard):
    return [value for name in heard.__slots__ if isinstance(value := getattr(heard, name), str)]


def test_a_line_goes_out_with_its_author_and_time():
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    line = ChatLine("id", Direction.OUT, AuthorType.MACHINE, "Desk", "你好 </script>", moment)
    assert json.loads(protocol.line(line)) == {
        "type": "line",
        "id": "id",
        "direction": "out",
        "author": {"type": "machine", "name": "Desk"},
        "text": "你好 </script>",
        "created_at": "2026-03-01T12:00:00.000Z",
        "client_id": "",
    }


def test_a_problem_says_only_what_applies():
    plain = json.loads(protocol.problem(Problem(ProblemCode.MALFORMED, "not JSON")))
    slow = json.loads(protocol.problem(Problem(ProblemCode.SLOW, "too many", "client-id-1", 7)))
    assert plain == {"type": "problem", "code": "malformed", "message": "not JSON"}
    assert (slow["client_id"], slow["retry_after"]) == ("client-id-1", 7)


def test_reading_starts_again_ten_minutes_before_a_line():
    line_id = new_id()
    before = shortly_before(line_id)
    assert before < line_id
    assert int(line_id.replace("-", "")[:12], 16) - int(before.replace("-", "")[:12], 16) == 600_000
    assert shortly_before("00000000-0001-7000-8000-000000000000") == "00000000-0000-0000-0000-000000000000"
