"""A person at a browser: Debian's Chromium, driven by Playwright; and what axe-core says of the page that it shows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.servers import MissingServerError

# As root there is no sandbox to be had; the rest keeps the browser from looking for hosts of its maker.
_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
# A loaded machine takes its time to draw a page.
PATIENCE_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser: `CHROMIUM` names its program, else the first of Debian's and Ubuntu's names is taken.

    Raises:
        MissingServerError: there is none.
    """
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise MissingServerError("Chromium (apt-get install chromium, or name its program in CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """One person with a window of their own. Whatever the page complains of on its console is kept."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def at(cls, browser: Browser, url: str, *, dark: bool = False, width: int = 1280) -> Iterator["Visitor"]:
        """Open a window on the product at `url`; cookies are this window's own."""
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="en-US",
            timezone_id="America/Chicago",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        visitor = cls(context.new_page(), url)
        visitor.page.on("console", visitor._note)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        try:
            yield visitor
        finally:
            context.close()

    def go(self, path: str) -> None:
        """Open a page of the product."""
        self.page.goto(f"{self.url}{path}")

    def log_in(self, email: str, password: str) -> None:
        """Log in as anybody does."""
        self.go("/login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_role("button", name="Log out").wait_for()

    def violations(self) -> list[str]:
        """Return what axe-core holds against the page as it stands, each with the places where it is."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{self.page.url}: {violation['id']} ({violation['help']}): "
            + "; ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:4])
            for violation in found
        ]

    def _note(self, message: ConsoleMessage) -> None:
        # Each refusal of a resource is told by the browser as an error too; what others show is theirs.
        if message.type == "error" and message.location.get("url", "").startswith(self.url):
            self.complaints.append(message.text)
