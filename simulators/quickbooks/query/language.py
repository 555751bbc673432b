"""The query language: statement text → what is asked for; pure.

Grammar: Intuit, "Data queries". Keywords, names and values are compared without regard to case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NoReturn

from simulators.quickbooks import refusals

Operator = Literal["=", "<", ">", "<=", ">=", "IN", "LIKE"]
PAGE, LARGEST_PAGE = 100, 1000

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:\\.|[^'\\])*')
    |(?P<mark><=|>=|!=|[=<>(),*])
    |(?P<word>[^\s'=<>(),*!]+))""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Condition:
    """One comparison; `values` has several entries for IN alone. A value may be CURRENT_DATE."""

    name: str
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A parsed statement; `entity` and names as they were written. `named` are columns beside or in place of `*`."""

    entity: str
    count: bool = False
    everything: bool = True
    named: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    start: int = 1
    most: int = PAGE


def parse_query(statement: str) -> Query:
    """Return the query of a statement.

    Raises:
        Refusal: 4000, the statement does not follow the grammar; 4001, a page position out of range.
    """
    return _Parser(_tokens(statement)).query()


@dataclass(frozen=True)
class _Token:
    kind: Literal["text", "mark", "word"]
    value: str


def _tokens(statement: str) -> list[_Token]:
    tokens, position = [], 0
    end = len(statement.rstrip().rstrip(";").rstrip())
    while position < end:
        match = _TOKEN.match(statement, position)
        if match is None:
            raise refusals.query_not_parsed(f'Encountered " {statement[position : position + 20]!r} " at {position}.')
        position = match.end()
        if match["text"] is not None:
            tokens.append(_Token("text", re.sub(r"\\(.)", r"\1", match["text"][1:-1])))
        elif match["mark"] is not None:
            tokens.append(_Token("mark", match["mark"]))
        else:
            tokens.append(_Token("word", match["word"]))
    return tokens


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def query(self) -> Query:
        self._keyword("SELECT")
        columns = self._columns()
        self._keyword("FROM")
        entity = self._word()
        conditions: list[Condition] = []
        if self._took("WHERE"):
            conditions.append(self._condition())
            while self._took("AND"):
                conditions.append(self._condition())
        order: list[tuple[str, bool]] = []
        if self._took("ORDERBY") or (self._took("ORDER") and self._keyword("BY")):
            order.append(self._ordering())
            while self._took(","):
                order.append(self._ordering())
        start, most = 1, PAGE
        while self._at < len(self._tokens):
            if self._took("STARTPOSITION"):
                start = self._number(1)
            elif self._took("MAXRESULTS"):
                most = self._number(1, LARGEST_PAGE)
            else:
                self._fail()
        named = tuple(name for name in columns if name != "*")
        return Query(
            entity, not columns, not columns or "*" in columns, named, tuple(conditions), tuple(order), start, most
        )

    def _columns(self) -> list[str]:
        """The columns asked for; none for COUNT(*)."""
        if self._took("COUNT"):
            for mark in "(*)":
                self._keyword(mark)
            return []
        columns = [self._column()]
        while self._took(","):
            columns.append(self._column())
        return columns

    def _column(self) -> str:
        return "*" if self._took("*") else self._word()

    def _condition(self) -> Condition:
        name = self._word()
        if self._took("IN"):
            self._keyword("(")
            values = [self._value()]
            while self._took(","):
                values.append(self._value())
            self._keyword(")")
            return Condition(name, "IN", tuple(values))
        if self._took("LIKE"):
            return Condition(name, "LIKE", (self._value(),))
        for operator in ("=", "<=", ">=", "<", ">"):
            if self._took(operator):
                return Condition(name, operator, (self._value(),))
        return self._fail()

    def _ordering(self) -> tuple[str, bool]:
        name = self._word()
        if self._took("DESC"):
            return name, True
        self._took("ASC")
        return name, False

    def _number(self, least: int, most: int | None = None) -> int:
        text = self._word()
        if not re.fullmatch(r"-?\d+", text):
            self._at -= 1
            self._fail()
        number = int(text)
        if number < least:
            raise refusals.query_not_valid(f"value {number} is too small. Min allowed value is {least}")
        if most is not None and number > most:
            raise refusals.query_not_valid(f"value {number} is too large. Max allowed value is {most}")
        return number

    def _value(self) -> str:
        token = self._next()
        if token.kind == "mark":
            self._at -= 1
            self._fail()
        return token.value

    def _word(self) -> str:
        token = self._next()
        if token.kind != "word":
            self._at -= 1
            self._fail()
        return token.value

    def _keyword(self, wanted: str) -> bool:
        if not self._took(wanted):
            self._fail()
        return True

    def _took(self, wanted: str) -> bool:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind != "text" and token.value.upper() == wanted:
                self._at += 1
                return True
        return False

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            self._fail()
        self._at += 1
        return self._tokens[self._at - 1]

    def _fail(self) -> NoReturn:
        found = self._tokens[self._at].value if self._at < len(self._tokens) else "<EOF>"
        raise refusals.query_not_parsed(f'Encountered " {found} " at token {self._at + 1}.')
