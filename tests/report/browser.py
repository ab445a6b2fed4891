"""Pages as a browser shows them, on a wide screen in the dark and on a phone in the light, held to WCAG by axe-core."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
SCREENS = ((1280, "dark"), (390, "light"))
HOST = """<!DOCTYPE html><pre></pre>FRAMES<script>addEventListener("load", async () => {
const found = [];
for (const frame of document.querySelectorAll("iframe")) {
  const shown = frame.contentDocument, view = frame.contentWindow, wrong = [];
  shown.querySelectorAll("details").forEach(folded => folded.open = true);
  const told = await view.axe.run(shown, {runOnly: RULES, resultTypes: ["violations"]});
  for (const rule of told.violations) for (const node of rule.nodes) wrong.push(rule.id + ": " + node.html);
  if (shown.documentElement.scrollWidth > view.innerWidth) wrong.push("wider than the screen");
  const dark = view.matchMedia("(prefers-color-scheme: dark)").matches;
  found.push([view.innerWidth, dark ? "dark" : "light", told.passes.length, wrong]);
}
document.querySelector("pre").textContent = JSON.stringify(found);
});</script>"""


def browser() -> str | None:
    """Chromium or its like, where one is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def violations(pages: list[str], folder: Path) -> list[list[str]]:
    """What axe-core finds wrong on each page with all that is folded opened, and whether it must be moved sideways."""
    spec = find_spec("selenium_axe_python")
    assert spec, "selenium-axe-python, which brings axe-core, is missing"
    assert spec.submodule_search_locations
    axe = Path(spec.submodule_search_locations[0], "axe-core", "axe.min.js").read_text(encoding="utf-8")
    script = "<script>" + axe.replace("</script", r"<\/script") + "</script>"
    frames = []
    for page in pages:
        # A published page forbids all scripts, and so that of the check.
        before, body, after = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).rpartition("</body>")
        shown = escape(before + script + body + after)
        frames += [
            f'<iframe width="{width}" height="900" style="border: 0; color-scheme: {scheme}" srcdoc="{shown}"></iframe>'
            for width, scheme in SCREENS
        ]
    host = folder / "host.html"
    host.write_text(HOST.replace("RULES", json.dumps(RULES)).replace("FRAMES", "".join(frames)), encoding="utf-8")
    command = [str(browser()), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'browser'}",
               "--virtual-time-budget=600000", "--dump-dom", host.as_uri()]  # fmt: skip
    run = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=True)
    told = re.search("<pre>(.+?)</pre>", run.stdout, re.DOTALL)
    assert told, f"the browser gave no answer: {run.stderr[-500:]}"
    found = json.loads(unescape(told[1]))
    assert [(width, scheme) for width, scheme, *_ in found] == list(SCREENS) * len(pages)
    assert all(passed for _, _, passed, _ in found), "the rules were tried"
    each = (found[place : place + len(SCREENS)] for place in range(0, len(found), len(SCREENS)))
    return [[f"{one} ({width}, {scheme})" for width, scheme, _, wrong in page for one in wrong] for page in each]
