"""What a vendor's Python client has by reflection, which of it tests drive, and what the docs say is not simulated."""

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "simulators"
Test = Callable[..., None]


class ClientWalk:
    """The classes of a client by name, the methods that each offers, and those that tests drive."""

    def __init__(self, classes: Mapping[str, Any], package: str, own_affairs: frozenset[str]) -> None:
        """`package` is where methods have to come from; `own_affairs` are those that call nobody."""
        self.classes = classes
        self.offered = {
            name: {
                f"{name}.{method}"
                for base in kind.__mro__
                if base.__module__.partition(".")[0] == package
                for method, found in vars(base).items()
                if not method.startswith("_")
                and method not in own_affairs
                and (inspect.isfunction(found) or isinstance(found, classmethod | staticmethod))
            }
            for name, kind in classes.items()
        }
        self.walked: set[str] = set()

    def walks(self, *methods: str) -> Callable[[Test], Test]:
        """Say which methods a test drives, each as `Class.method`; it fails if it leaves one of them uncalled."""
        self.walked.update(methods)

        def hold(test: Test) -> Test:
            @functools.wraps(test)
            def run(*arguments: Any, **named: Any) -> None:
                with self.driving(methods):
                    test(*arguments, **named)

            return run

        return hold

    @contextmanager
    def driving(self, methods: Iterable[str]) -> Iterator[None]:
        """Fails if one of these methods is not called meanwhile."""
        with self._noting() as called:
            yield
        uncalled = sorted(set(methods) - called)
        assert not uncalled, f"left uncalled: {uncalled}"

    @contextmanager
    def _noting(self) -> Iterator[set[str]]:
        """Give the set of the methods that are called meanwhile."""
        called: set[str] = set()

        def noted(name: str, found: Any) -> Any:
            if isinstance(found, classmethod | staticmethod):
                return type(found)(noted(name, found.__func__))

            @functools.wraps(found)
            def call(*arguments: Any, **named: Any) -> Any:
                called.add(name)
                return found(*arguments, **named)

            return call

        with pytest.MonkeyPatch.context() as patch:
            for name in set().union(*self.offered.values()):
                kind, method = self.classes[name.partition(".")[0]], name.partition(".")[2]
                patch.setattr(kind, method, noted(name, inspect.getattr_static(kind, method)))
            yield called

    def left(self) -> set[str]:
        """Return the classes of which nothing is driven, and else the methods that are not."""
        unknown = sorted(self.walked - set().union(*self.offered.values()))
        assert not unknown, f"the client does not have {unknown}"
        found = set()
        for name, methods in self.offered.items():
            missing = methods - self.walked
            found |= {name} if missing == methods else missing
        return found


def section_of(page: str, heading: str) -> str:
    """Return what stands under a heading of a page of the docs; empty if there is no such heading."""
    return (DOCS / page).read_text().partition(f"\n{heading}\n")[2].partition("\n#")[0]


def named_in(page: str, heading: str) -> set[str]:
    """Return the names in backticks, `Class` or `Class.method`, under a heading of a page of the docs."""
    return set(re.findall(r"`([A-Z]\w+(?:\.\w+)?)`", section_of(page, heading)))
