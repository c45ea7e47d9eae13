"""The widget's files as a browser gets them: small, cacheable, usable from other sites."""

import gzip
import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from contactcenter.channels.webchat.assets import Assets
from contactcenter.demo.shop import shop_routes

RAW = {"Accept-Encoding": "gzip"}


@pytest.fixture
async def client():
    app = web.Application()
    app.add_routes([*Assets().routes(), *shop_routes()])
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def _all_files(client):
    """Every file reachable from the loader, by address, as it went over the wire."""
    files, waiting = {}, ["/widget.js"]
    while waiting:
        path = waiting.pop()
        response = await client.get(path, headers=RAW)
        assert response.status == 200, path
        files[path] = await response.read()
        names = re.findall(r'"\./((?:widget/)?[a-z]+\.(?:js|css)\?v=\w+)"', gzip.decompress(files[path]).decode())
        found = {f"/widget/{name.removeprefix('widget/')}" for name in names}
        waiting += sorted(found - files.keys() - set(waiting))
    return files


async def test_the_loader_is_under_2_kb_and_the_whole_widget_under_15(client):
    files = await _all_files(client)
    assert len(files["/widget.js"]) <= 2 * 1024
    assert sum(map(len, files.values())) <= 15 * 1024
    assert {path.partition("?")[0] for path in files} >= {"/widget/app.js", "/widget/app.css"}


async def test_every_file_of_the_widget_is_reached_from_the_loader(client):
    names = {path.partition("?")[0].rpartition("/")[2] for path in await _all_files(client)}
    assert names == set(Assets().packed_sizes)


async def test_no_file_puts_markup_into_the_page(client):
    forbidden = re.compile(rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|postMessage")
    for path, content in (await _all_files(client)).items():
        assert not forbidden.search(gzip.decompress(content)), path


async def test_other_sites_may_load_the_loader_and_ask_again_soon(client):
    response = await client.get("/widget.js", headers=RAW)
    assert response.content_type == "text/javascript"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "public, max-age=300"


async def test_what_the_browser_has_is_not_sent_again(client):
    etag = (await client.get("/widget.js")).headers["ETag"]
    again = await client.get("/widget.js", headers={"If-None-Match": etag})
    other = await client.get("/widget.js", headers={"If-None-Match": '"other"'})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag)
    assert other.status == 200


async def test_a_file_of_this_version_is_kept_for_good_and_another_version_is_not(client):
    version = Assets().version
    assert "immutable" in (await client.get(f"/widget/app.js?v={version}")).headers["Cache-Control"]
    assert "immutable" not in (await client.get("/widget/app.js?v=older")).headers["Cache-Control"]


async def test_who_takes_no_gzip_gets_plain_text(client):
    for accepted in ("identity", "gzip;q=0"):
        response = await client.get("/widget.js", headers={"Accept-Encoding": accepted})
        assert "Content-Encoding" not in response.headers
        assert b"document.currentScript" in await response.read()


async def test_a_file_that_is_not_the_widgets_is_not_found(client):
    for path in ("/widget/../service.py", "/widget/%2e%2e/service.py", "/widget/widget.js", "/widget/"):
        assert (await client.get(path)).status == 404


@pytest.mark.parametrize(("language", "lang"), [("en", "en"), ("zh", "zh-CN"), ("../etc/passwd", "en")])
async def test_the_shop_carries_the_widget_under_a_strict_policy(client, language, lang):
    response = await client.get("/demo/shop", params={"lang": language})
    text = gzip_free(await response.read())
    policy = response.headers["Content-Security-Policy"]
    assert f'<html lang="{lang}">' in text
    assert '<script src="/widget.js" async' in text
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text)


async def test_the_shops_own_files_are_there(client):
    assert (await client.get("/demo/shop.css")).content_type == "text/css"
    assert (await client.get("/demo/shop.js")).content_type == "text/javascript"


async def test_a_forged_host_does_not_get_into_the_shops_policy(client):
    response = await client.get("/demo/shop", headers={"Host": "a; script-src *"})
    assert "*" not in response.headers.get("Content-Security-Policy", "")


def gzip_free(content):
    return content.decode()
