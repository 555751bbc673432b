"""Currencies have cents, or none, and amounts are rounded to them. Pure."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal

# ISO 4217: currencies without a minor unit, as far as anybody bills in them.
_WITHOUT_CENTS = frozenset(
    {"bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "vnd", "vuv"} | {"xaf", "xof", "xpf"}
)


@dataclass(frozen=True)
class Rounding:
    """`places` of the currency, and what becomes of half a cent."""

    places: int = 2
    half_even: bool = False

    def round(self, amount: Decimal) -> Decimal:
        return amount.quantize(self._unit, ROUND_HALF_EVEN if self.half_even else ROUND_HALF_UP)

    def up(self, amount: Decimal) -> Decimal:
        return amount.quantize(self._unit, ROUND_UP)

    @property
    def _unit(self) -> Decimal:
        return Decimal(1).scaleb(-self.places)


def places_of(currency: str) -> int:
    """Return how many decimal places amounts of a currency have."""
    return 0 if currency in _WITHOUT_CENTS else 2
