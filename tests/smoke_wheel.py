"""Smoke test of an installed wheel, run outside the checkout: serve, and ask for a page, CSS, htmx, widget and API."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str) -> str:
    """The body of a page that must answer 200."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.status == 200, url
        return answer.read().decode("utf-8", "replace")


def until_ready(url: str) -> None:
    """Wait until the worker, too, is up."""
    deadline = time.monotonic() + 60
    while True:
        try:
            fetch(url)
        except urllib.error.HTTPError:
            assert time.monotonic() < deadline, "the worker did not come up"
            time.sleep(0.5)
        else:
            return


def main() -> None:
    """Serve from the wheel and look at what it serves."""
    command = [sys.executable, "-m", "contactcenter"]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        http, smtp = free_port(), free_port()
        subprocess.run([*command, "init", "--data", str(data)], check=True)
        text = (data / "contactcenter.toml").read_text()
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{http}").replace("127.0.0.1:2525", f"127.0.0.1:{smtp}")
        (data / "contactcenter.toml").write_text(text)
        said = subprocess.run(
            [*command, "triage", "assess", "-"],
            input="how do I reset my password?",
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"language": "en"' in said.stdout or '"language":"en"' in said.stdout, said.stdout
        service = subprocess.Popen([*command, "serve", "--data", str(data)], stdout=subprocess.PIPE, text=True)
        try:
            ready = service.stdout.readline() if service.stdout else ""
            assert ready.startswith("ready http="), ready
            base = f"http://127.0.0.1:{http}"
            page = fetch(f"{base}/")
            assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
            assert any(".css" in asset for asset in assets), page
            for asset in assets:
                fetch(base + asset.replace("&amp;", "&"))
            assert "htmx" in fetch(f"{base}/static/assets/htmx.min.js")
            for path in ("/widget.js", "/healthz", "/metrics", "/api/v1/openapi.json"):
                fetch(base + path)
            until_ready(f"{base}/readyz")
        finally:
            service.send_signal(signal.SIGTERM)
            assert service.wait(60) == 0
    print("the wheel serves page, CSS, htmx, widget and API")


if __name__ == "__main__":
    main()
