"""What the console weighs, and how its files are kept by browsers."""

import re

import pytest

from contactcenter.agent_ui.static_files import STATIC, StaticFiles

FIRST_LOAD = 150_000
"""Bytes, gzipped: everything a first page can ask for."""


@pytest.fixture(scope="module")
def files():
    return StaticFiles()


def test_the_first_load_is_light(files):
    assert sum(files.packed_sizes.values()) <= FIRST_LOAD


def test_every_import_of_a_module_exists_and_carries_the_version(files):
    for path in STATIC.glob("*.js"):
        served = files._files[path.name].content.decode()
        for name in re.findall(r'from "\./([a-z-]+\.js)|import "\./([a-z-]+\.js)', path.read_text(encoding="utf-8")):
            assert f'"./{"".join(name)}?v={files.version}"' in served


def test_an_address_of_a_file_that_does_not_exist_is_a_mistake_in_a_template(files):
    with pytest.raises(KeyError):
        files.url("nothing.css")


def test_every_icon_a_template_names_is_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="([a-z-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    named = set()
    for path in (STATIC.parent / "templates").rglob("*.html"):
        named |= set(re.findall(r'\bicon\("([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert named - sprite == set()
