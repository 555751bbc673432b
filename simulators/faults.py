"""Faults on demand: which calls a rule hits. Pure but for the counting; `fault_hooks` carries them out."""

import random
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from simulators.calls import Call, Operation

What = Literal[
    "status",
    "delay",
    "cut_before",
    "cut_after",
    "truncate",
    "html",
    "throttle",
    "expired_token",
    "revoked_token",
    "stale_token",
    "closed_period",
    "clock_skew",
]
# A call meets every modifier that hits it, but only one of the other faults.
MODIFIERS = frozenset({"delay", "clock_skew"})
# These hit one record that is written, by the operations named; in a batch they are left to the items.
_CHANGES = frozenset({"update", "sparse", "delete", "void", "deactivate"})
RECORD_FAULTS = {"stale_token": _CHANGES, "closed_period": _CHANGES | {"create"}}
_KEYS = {"what", "method", "path", "entity", "operation", "count", "share", "seed", "status", "seconds"}


class BadRuleError(ValueError):
    """A fault rule that cannot be understood; the message is meant for whoever posted it."""


@dataclass
class Rule:
    """One rule. `count`: the next that many matching calls; `share`: that part of them, drawn with `seed`;
    neither: every matching call until the rules are deleted.

    `method`, `entity` and `operation` are compared without case; `path` is a shell pattern or the beginning
    of the path. What is None matches anything.
    """

    what: What
    method: str | None = None
    path: str | None = None
    entity: str | None = None
    operation: Operation | None = None
    count: int | None = None
    share: float | None = None
    seed: int = 0
    status: int = 500
    seconds: float = 1.0
    hits: int = 0
    _draws: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._draws = random.Random(self.seed)

    def matches(self, call: Call) -> bool:
        return (
            _same(self.method, call.method)
            and _same(self.entity, call.entity)
            and _same(self.operation, call.operation)
            and (self.path is None or call.path.startswith(self.path) or fnmatchcase(call.path, self.path))
        )

    def hits_next(self) -> bool:
        """Return whether the rule hits the matching call in hand; each is drawn for once, in order."""
        if self.count is not None and self.hits >= self.count:
            return False
        if self.share is not None and self._draws.random() >= self.share:
            return False
        self.hits += 1
        return True

    def shown(self) -> dict[str, Any]:
        """Return the rule as `GET /_simulator/faults` lists it."""
        return {
            "what": self.what,
            "method": self.method,
            "path": self.path,
            "entity": self.entity,
            "operation": self.operation,
            "count": self.count,
            "share": self.share,
            "seed": self.seed,
            "status": self.status,
            "seconds": self.seconds,
            "hits": self.hits,
        }


def _same(wanted: str | None, found: str | None) -> bool:
    return wanted is None or (found is not None and wanted.lower() == found.lower())


class FaultRules:
    """The rules in force, in the order in which they were posted."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [rule.shown() for rule in self._rules]

    def fire(self, call: Call, among: Collection[str] | None = None) -> list[Rule]:
        """Return the rules that hit this call: any number of modifiers and at most one other fault.

        With `among`, only rules of those kinds are looked at. A rule that names neither entity nor operation
        hits a batch as one call, not its items.
        """
        fired: list[Rule] = []
        with self._lock:
            taken = False
            for rule in self._rules:
                if among is not None and rule.what not in among:
                    continue
                if rule.what in RECORD_FAULTS:
                    if call.has_items or call.operation not in RECORD_FAULTS[rule.what]:
                        continue
                elif call.is_item and rule.entity is None and rule.operation is None:
                    continue
                modifier = rule.what in MODIFIERS
                if (taken and not modifier) or not rule.matches(call) or not rule.hits_next():
                    continue
                taken = taken or not modifier
                fired.append(rule)
        return fired


def rule_from_json(body: Any) -> Rule:
    """Return the rule that a posted object asks for.

    Raises:
        BadRuleError: an unknown key or kind, or a value of the wrong type or range.
    """
    if not isinstance(body, dict):
        raise BadRuleError("a fault rule is a JSON object")
    unknown = sorted(set(body) - _KEYS)
    if unknown:
        raise BadRuleError(f"unknown key {', '.join(unknown)}; a rule has {', '.join(sorted(_KEYS))}")
    given = {name: value for name, value in body.items() if value is not None}
    if given.get("what") not in get_args(What):
        raise BadRuleError(f"what is one of {', '.join(get_args(What))}")
    if "operation" in given and given["operation"] not in get_args(Operation):
        raise BadRuleError(f"operation is one of {', '.join(get_args(Operation))}")
    for name in ("method", "path", "entity"):
        if not isinstance(given.get(name, ""), str):
            raise BadRuleError(f"{name} is a string")
    if "count" in given and "share" in given:
        raise BadRuleError("give count or share, not both")
    _number(given, "count", 1, 1_000_000_000, whole=True)
    _number(given, "share", 0, 1)
    _number(given, "seed", -(2**63), 2**63, whole=True)
    _number(given, "status", 400, 599, whole=True)
    _number(given, "seconds", -(10**9) if given["what"] == "clock_skew" else 0, 10**9)
    for name in ("share", "seconds"):
        if name in given:
            given[name] = float(given[name])
    return Rule(**given)


def _number(given: dict[str, Any], name: str, least: int, most: int, whole: bool = False) -> None:
    if name not in given:
        return
    value = given[name]
    is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    if not is_number or (whole and value != int(value)) or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        raise BadRuleError(f"{name} is {kind} from {least} to {most}")
    if whole:
        given[name] = int(value)
