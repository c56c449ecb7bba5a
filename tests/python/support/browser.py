"""Headless Chromium, and what it met on a page: requests, complaints, colours."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium will not put root into its sandbox, and would look up hosts of its maker at every start.
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@dataclass(frozen=True)
class Visit:
    """An open page, what it asked for, and what it complained of."""

    page: Page
    requests: list[str]
    complaints: list[str]


@contextmanager
def chromium() -> Iterator[Browser]:
    _program()  # before Playwright, whose own program needs more than a bare machine has
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Chromium for who has a Playwright, of which a process has but one at a time."""
    browser = playwright.chromium.launch(executable_path=_program(), args=_OPTIONS)
    try:
        yield browser
    finally:
        browser.close()


def _program() -> str:
    """The system's Chromium; without one the test is skipped."""
    program = next(filter(_runs, filter(None, map(shutil.which, _PROGRAMS))), None)
    if program is None:
        pytest.skip("there is no Chromium here; Debian has it in the package chromium")
    return program


def _runs(program: str) -> bool:
    """Ubuntu's own program does nothing but tell how to install one."""
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


@contextmanager
def visit(browser: Browser, address: Path | str, **settings: Any) -> Iterator[Visit]:
    """Open a file or an address; settings are those of a browser context, such as `color_scheme`."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
    page = context.new_page()
    visit = Visit(page, [], [])
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("console", lambda message: visit.complaints.append(message.text))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.goto(address.as_uri() if isinstance(address, Path) else address)
    try:
        yield visit
    finally:
        context.close()


def scrolls_sideways(page: Page) -> bool:
    wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wide


def lowest_contrast(page: Page) -> tuple[float, str]:
    """The least contrast between a visible text and what is behind it, and that text.

    The formula is that of WCAG 2.2, success criterion 1.4.3.
    """
    found: list[Any] = page.evaluate(_CONTRAST)
    return found[0], found[1]


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2, levels A and AA, each with the element where it found it first."""
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:200]})" for each in found]


_CONTRAST = """() => {
    const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    let lowest = [Infinity, ''];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.checkVisibility({visibilityProperty: true})) continue;
        const [one, other] = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
        const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (contrast < lowest[0]) lowest = [contrast, walker.currentNode.data.trim()];
    }
    return lowest;
}"""
