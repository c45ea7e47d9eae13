"""Filters and environments of the console's templates."""

from datetime import timedelta

import pytest
from jinja2 import UndefinedError

from contactcenter import clock
from contactcenter.agent_ui.rendering import Renderer, initials, linked, zone
from contactcenter.agent_ui.static_files import StaticFiles


@pytest.fixture(scope="module")
def renderer():
    return Renderer(StaticFiles())


def render(renderer, source, locale="en", **values):
    environment = renderer._environments[locale]
    return environment.from_string(source).render({"timezone": "UTC", **values})


def test_markup_in_a_name_is_text(renderer):
    assert render(renderer, "{{ name }}", name="<script>x</script>") == "&lt;script&gt;x&lt;/script&gt;"


def test_an_unknown_name_in_a_template_is_an_error(renderer):
    with pytest.raises(UndefinedError):
        render(renderer, "{{ nobody }}")


def test_addresses_in_text_become_links_that_tell_nothing_and_the_rest_is_escaped():
    html = str(linked('see https://a.example/x?y=1&z=2, or <b>"call"</b>'))
    assert 'href="https://a.example/x?y=1&amp;z=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert "<b>" not in html


def test_only_web_addresses_become_links():
    assert "<a" not in str(linked("javascript:alert(1) data:text/html,x ftp://a.example"))


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ann Lee", "AL"), ("ann", "A"), ("王小明", "小明"), ("", ""), ("+447700900", ""), ("a@b.c", "AB")],
)
def test_a_face_has_one_or_two_letters(name, letters):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("age", "english", "chinese"),
    [
        (timedelta(seconds=5), "now", "刚刚"),
        (timedelta(minutes=7), "7 min", "7 分钟"),
        (timedelta(hours=5), "5 h", "5 小时"),
    ],
)
def test_recent_moments_are_told_by_their_age(renderer, age, english, chinese):
    moment = clock.now() - age
    assert render(renderer, "{{ moment | ago }}", moment=moment) == english
    assert render(renderer, "{{ moment | ago }}", "zh", moment=moment) == chinese


def test_days_are_the_readers_own(renderer):
    moment = clock.now().replace(year=2024, month=3, day=1, hour=23)
    assert render(renderer, "{{ moment | day_key }}", moment=moment) == "2024-03-01"
    assert render(renderer, "{{ moment | day_key }}", moment=moment, timezone="Asia/Shanghai") == "2024-03-02"


@pytest.mark.parametrize("name", ["../../etc/passwd", "Nowhere/Land", "", "x" * 500, "UTC\x00"])
def test_a_zone_nobody_knows_is_utc(name):
    assert zone(name).utcoffset(None) == timedelta()


def test_a_queue_has_its_name_in_the_readers_language(renderer):
    queue = {"name": "Claims", "name_zh": "理赔"}
    assert render(renderer, "{{ queue | named }}", queue=queue) == "Claims"
    assert render(renderer, "{{ queue | named }}", "zh", queue=queue) == "理赔"
