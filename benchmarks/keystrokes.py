"""How many keys and seconds it takes at the till to find a member by phone, and to open a new one, in two languages.

A Chromium is driven on the demo, at `GAP_MS` a key: what comes faster is taken for a scanner.
"""

import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.endpoint import served
from benchmarks.pages import Browser, load_demo
from benchmarks.shop import machine, table

PORT = int(os.environ.get("ERP_CLUB_BENCH_PORT", "8190"))
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LANGUAGES = ("he", "en")
MOST_BY_PHONE, MOST_BESIDE_DATA = 11, 4
PATIENCE_MS = 30_000
GAP_MS = 60


@dataclass
class Hands:
    """Somebody at the keyboard of a till. `data` counts the keys of what is entered, `control` all others."""

    page: Page
    data: int = 0
    control: int = 0

    def enter(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text, delay=GAP_MS)
        self.data += len(text)

    def press(self, key: str) -> None:
        """Press a key that enters nothing."""
        self.page.keyboard.press(key)
        self.control += 1


def sign_on(page: Page, terminal_key: str) -> None:
    """Enrol the till and sign the demo's cashier on."""
    page.goto("/till")
    page.locator("[name=key]").fill(terminal_key)
    page.keyboard.press("Enter")
    page.locator("[name=staff]").fill("cashier")
    page.locator("[name=pin]").fill("2580")
    page.keyboard.press("Enter")
    expect(page.locator("#scan")).to_be_focused()


def find(page: Page, mobile: str, name: str) -> tuple[Hands, float]:
    """Find a member by the whole mobile number."""
    hands, began = Hands(page), time.perf_counter()
    hands.enter(mobile)
    hands.press("Enter")
    expect(page.locator("#h-member")).to_have_text(name)
    return hands, time.perf_counter() - began


def open_one(page: Page, mobile: str, given: str, family: str) -> tuple[Hands, float]:
    """Open a new member with a mobile number and a name."""
    hands, began = Hands(page), time.perf_counter()
    hands.press("F3")
    expect(page.locator("#f-mobile")).to_be_focused()
    hands.enter(mobile)
    hands.press("Tab")
    hands.enter(given)
    hands.press("Tab")
    hands.enter(family)
    hands.press("Enter")
    expect(page.locator("#h-member")).to_have_text(f"{given} {family}")
    return hands, time.perf_counter() - began


def somebody() -> tuple[str, str]:
    """A member of the demo: mobile as it is dialled inland, and the name."""
    office = Browser()
    office.send("POST", "/sign-in", {"username": "hq", "password": "demo-club"})
    listed = json.loads(office.send("GET", "/customers?per_page=50", accept="application/json").body)["customers"]
    number = next(each["customer_id"] for each in listed if each["mobile"])
    answer = office.send("GET", f"/customers/{number}", accept="application/json")
    told = json.loads(answer.body)["customer"]
    return f"0{told['mobile'].removeprefix('+972')}", f"{told['given_name']} {told['family_name']}"


def measure(url: str, terminal_key: str, member: tuple[str, str]) -> list[tuple[object, ...]]:
    """A row for each deed and language."""
    rows: list[tuple[object, ...]] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for place, language in enumerate(LANGUAGES):
            context = chromium.new_context(base_url=url, locale=language, viewport={"width": 1280, "height": 800})
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            sign_on(page, terminal_key)
            given, family = (("דנה", "כץ־לוין"), ("Dana", "Katzlevin"))[place]
            hands, seconds = find(page, *member)
            keys = hands.data + hands.control
            rows.append(("find by phone", language, keys, f"≤ {MOST_BY_PHONE} in all", f"{seconds:.2f}"))
            hands, seconds = open_one(page, f"05499{time.time_ns() % 90000 + 10000}", given, family)
            told = f"{hands.control} beside {hands.data} of data"
            rows.append(
                ("open a new member", language, told, f"≤ {MOST_BESIDE_DATA} beside the data", f"{seconds:.2f}")
            )
            context.close()
        chromium.close()
    return rows


def main() -> None:
    """Measure and print."""
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        load_demo(home)
        with served(home, 1, PORT):
            key = (home / "demo-terminal-key").read_text().strip()
            rows = measure(f"http://127.0.0.1:{PORT}", key, somebody())
    table(f"**Keys at the till** ({machine()})", ("deed", "language", "keys", "target", "seconds"), rows)


if __name__ == "__main__":
    main()
