"""A person at the Invoiced simulator's page without a browser: follows links, fills in forms and posts them."""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

import requests

from tests.patience import PATIENCE_S
from tests.simulators.simulator_drivers import Account


@dataclass
class FormOnPage:
    """A form as a browser holds it: `fields` are what it would send, `buttons` by their words (name, value)."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[FormOnPage] = []
        self._select = self._textarea = ""
        self._button: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.forms.append(FormOnPage(given.get("method", "get"), given.get("action", "")))
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.forms[-1].fields[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in given or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            self.forms[-1].fields[name] = ""
        elif tag == "button":
            self._button = (name, given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data
        if self._button is not None:
            self.forms[-1].buttons[data.strip()] = self._button

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # The first line break belongs to the tag; a browser sends the others as two characters.
            text = self.forms[-1].fields[self._textarea].removeprefix("\n")
            self.forms[-1].fields[self._textarea] = text.replace("\n", "\r\n")
            self._textarea = ""
        elif tag == "button":
            self._button = None


@dataclass
class Clerk:
    """One person in one account; `page` is the HTML that they see, at `path`."""

    account: Account
    root: str = "/_simulator/pages/account-1"
    path: str = ""
    page: str = ""

    def go(self, path: str, status: int = 200) -> str:
        """Open a page below the account's own, or at any path that begins with a slash."""
        target = path if path.startswith("/") else f"{self.root}/{path}".rstrip("/")
        return self._see(self.account.http.get(self.account.url + target, timeout=PATIENCE_S), status)

    def press(self, words: str, status: int = 200, /, **filled: str) -> str:
        """Fill in the form that has this button, press it, and see what follows.

        A field is named without its brackets: `items_0_name` is items[0][name].
        """
        form = next(one for one in self.forms() if words in one.buttons)
        spelt = {re.sub(r"_(\d+)_(\w+)$", r"[\1][\2]", name): value for name, value in filled.items()}
        name, value = form.buttons[words]
        sent = {**form.fields, **spelt, **({name: value} if name else {})}
        return self.post(form.action or self.path, sent, status)

    def post(self, path: str, sent: dict[str, str], status: int = 200, **headers: str) -> str:
        headers = {"Origin": self.account.url} | headers
        return self._see(
            self.account.http.post(self.account.url + path, data=sent, headers=headers, timeout=PATIENCE_S), status
        )

    def forms(self) -> list[FormOnPage]:
        reader = _Reader()
        reader.feed(self.page)
        return reader.forms

    def links(self) -> list[str]:
        """Return where the page leads to."""
        found = re.findall(r'<a [^>]*href="([^"#]+)"', self.page)
        bare = self.path.partition("?")[0]
        return [bare + unescape(link) if link.startswith("?") else unescape(link) for link in found]

    @property
    def text(self) -> str:
        """The page without its tags."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.page)))

    @property
    def id(self) -> int:
        """The id of the object that the page is about."""
        return int(self.path.partition("?")[0].rpartition("/")[2])

    def blamed(self) -> tuple[str, str]:
        """Return the name of the field that is marked as wrong, and what is said beside it."""
        marked = re.search(
            r'<(?:input|select)[^>]*name="([^"]+)"[^>]*aria-invalid[^>]*aria-describedby="([^"]+)"', self.page
        )
        assert marked is not None, self.text
        said = re.search(rf'id="{re.escape(marked[2])}"[^>]*>([^<]*)', self.page)
        assert said is not None
        return marked[1], unescape(said[1])

    def _see(self, answer: requests.Response, status: int) -> str:
        assert answer.status_code == status, f"{answer.url}: {answer.status_code} {answer.text}"
        assert answer.headers["Content-Type"].startswith("text/html")
        self.path = answer.url.removeprefix(self.account.url)
        self.page = answer.text
        return self.page
