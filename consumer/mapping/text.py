"""Free text as QBO can hold it, and as a message can show it. Pure."""

import re
import unicodedata

_RUN_OF_SPACE = re.compile(r"\s{2,}")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, line and paragraph separators


def one_line(text: str) -> str:
    """Return the text on one line: control characters as spaces, runs of space as one, none at the ends."""
    printable = "".join(" " if unicodedata.category(char) in _UNPRINTABLE else char for char in text)
    return _RUN_OF_SPACE.sub(" ", printable).strip()


def paragraphs(text: str) -> str:
    """Return the text with its line breaks, but without other control characters or space at the ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(
        "".join(" " if unicodedata.category(char) in _UNPRINTABLE else char for char in line).rstrip() for line in lines
    ).strip()


def cut(text: str, length: int) -> str:
    """Return at most `length` characters from the front, without space at the cut."""
    return text if len(text) <= length else text[:length].rstrip()


def shown(text: str, length: int = 60) -> str:
    """Return the text for a message to people: one line, shortened with dots if it is long."""
    line = one_line(text)
    return line if len(line) <= length else line[: length - 3] + "..."
