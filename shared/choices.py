"""What a person chose for a customer of QuickBooks, as it is stored with its record. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import RejectedError


class Answer(StrEnum):
    """What is to become of a customer of QuickBooks."""

    # It stands for this customer of Invoiced.
    LINK = "link"
    # It is a new one, to be created in Invoiced.
    CREATE = "create"
    # It stays in QuickBooks alone.
    LEAVE = "leave"
    # It was merged away in QuickBooks: this other one stands for its customer from now on.
    SURVIVOR = "survivor"


@dataclass(frozen=True)
class Choice:
    """One choice; `named` is Invoiced's id of the customer to link, or QuickBooks' id of the survivor."""

    answer: Answer
    named: str | None = None

    def __post_init__(self) -> None:
        needs_name = self.answer in (Answer.LINK, Answer.SURVIVOR)
        is_id = self.named is not None and self.named.isascii() and self.named.isdecimal() and len(self.named) < 19
        if needs_name and not is_id:
            raise RejectedError("It is not said which customer is meant.", remedy="Name it by its id, a number.")
        if not needs_name and self.named is not None:
            raise RejectedError(f"{self.answer.value} names no customer.", remedy="Leave the customer out.")

    @property
    def in_words(self) -> str:
        """The choice for people."""
        match self.answer:
            case Answer.LINK:
                return f"it is customer #{self.named} of Invoiced"
            case Answer.CREATE:
                return "a new one, to be created in Invoiced"
            case Answer.LEAVE:
                return "left in QuickBooks alone"
            case Answer.SURVIVOR:
                return f"merged into customer {self.named} of QuickBooks"

    def __str__(self) -> str:
        return self.answer.value if self.named is None else f"{self.answer.value}:{self.named}"


def in_words(text: str | None) -> str:
    """Return a stored choice for people; "" where nobody has chosen."""
    choice = parse(text)
    return "" if choice is None else choice.in_words


def parse(text: str | None) -> Choice | None:
    """Return the choice that is stored as `text`; None where nobody has chosen."""
    if not text:
        return None
    answer, _, named = text.partition(":")
    return Choice(Answer(answer), named or None)
