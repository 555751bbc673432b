"""Pages in order: whoever has not read a page of a list may be refused the next one.

Source: Invoiced API reference, Pagination ("you might get an error message"). What the error looks like is not
documented, and what has been read is forgotten with the process.
"""

import threading
from collections import OrderedDict
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from simulators.invoiced.errors import bad_parameter

_REMEMBERED_LISTS = 10_000


class PageOrder:
    """Remembers how far each account has read each list; lists differ by their address without the page."""

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, company: str, request: Request) -> None:
        """Raises: ApiError 400, the page before the one that is asked for was not read."""
        number = _page_of(request)
        with self._lock:
            if number > 1 + self._read.get((company, _list_of(request)), 0):
                raise bad_parameter("page", "The pages before this one have not been fetched yet")

    def note(self, company: str, request: Request) -> None:
        """Note that the page was read."""
        key = company, _list_of(request)
        with self._lock:
            self._read[key] = max(_page_of(request), self._read.pop(key, 0))
            while len(self._read) > _REMEMBERED_LISTS:
                self._read.popitem(last=False)


def _page_of(request: Request) -> int:
    return request.args.get("page", 1, type=int)


def _list_of(request: Request) -> str:
    others = sorted((name, value) for name, value in request.args.items(multi=True) if name != "page")
    return f"{request.path}?{urlencode(others)}"
