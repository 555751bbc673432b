"""An invoice of Invoiced as a QBO Invoice. Pure."""

from decimal import Decimal

from consumer.mapping.amounts import ZERO, can_hold, number_shown
from consumer.mapping.currency import check_currency, home_currency_ref
from consumer.mapping.names import doc_number, item_key, item_name
from consumer.mapping.refs import Body, Needs, Refs, Terms
from consumer.mapping.sums import Sums, sums
from consumer.mapping.tax import NOT_TAXED, TAXED, taxed_lines
from consumer.mapping.text import cut, one_line, paragraphs, shown
from shared.errors import RejectedError
from shared.first_use import DEFAULT_ITEM_NAME
from shared.invoiced.dates import due_date, local_date
from shared.invoiced.entities import Invoice, LineItem, id_of
from shared.money import to_cents
from shared.settings import Preferences

_DESCRIPTION_LENGTH = 4000
_FIVE_DECIMALS = Decimal("0.00001")


def needs_of_invoice(invoice: Invoice, terms: Terms, preferences: Preferences) -> Needs:
    """Return what must stand in QBO before the invoice; nothing is to be created for one that is refused.

    The account of an item is the item's own need.

    Raises:
        RejectedError: the invoice cannot be posted as it is, or QBO's preferences forbid it.
    """
    amounts = _checked(invoice, terms, preferences)
    return Needs(
        customers=frozenset({customer_of(invoice)}),
        items=_items(invoice, terms),
        accounts=frozenset({"discount"} if amounts.discount and terms.discount_account is None else ()),
        tax_code=bool(amounts.tax) and _known_tax_code(terms, preferences) is None,
    )


def to_qbo_invoice(invoice: Invoice, terms: Terms, refs: Refs, preferences: Preferences) -> Body:
    """Return the QBO Invoice with every field that we own, but for the PrivateNote and what names it for an
    update (Id, SyncToken).

    Amounts are Decimals with two decimals, dates ISO texts. `refs` holds what `needs_of_invoice` asked for.

    Raises:
        RejectedError: the invoice cannot be posted as it is, or QBO's preferences forbid it.

    Source: QBO API reference, Invoice.
    """
    amounts = _checked(invoice, terms, preferences)
    lines = [
        _sales_line(line, amount, is_taxed, terms, refs)
        for line, amount, is_taxed in zip(invoice.items or (), amounts.lines, taxed_lines(invoice), strict=True)
    ]
    if amounts.discount:
        lines.append(_discount_line(amounts.discount, terms.discount_account or refs.accounts["discount"]))
    return {
        "CustomerRef": {"value": refs.customers[customer_of(invoice)]},
        "DocNumber": doc_number(terms.number_prefix, invoice.number),
        "TxnDate": local_date(invoice.date, terms.time_zone).isoformat(),
        "DueDate": due_date(invoice, terms.time_zone).isoformat(),
        "Line": lines,
        "ApplyTaxAfterDiscount": True,
        "TxnTaxDetail": _tax_detail(amounts.tax, terms, refs, preferences),
        # QBO must never mail the document, nor ask anybody for money, because we posted it.
        "EmailStatus": "NotSet",
        "PrintStatus": "NotSet",
        "AllowOnlineACHPayment": False,
        "AllowOnlineCreditCardPayment": False,
        **home_currency_ref(terms.multicurrency, preferences),
    }


def customer_of(invoice: Invoice) -> int:
    """Return the Invoiced id of the customer whom the invoice bills.

    Raises:
        RejectedError: there is none.
    """
    customer = id_of(invoice.customer)
    if customer is None:
        raise RejectedError(
            f"{_record(invoice)} has no customer.",
            remedy="Give the invoice a customer in Invoiced.",
            topic="incomplete",
        )
    return customer


def _checked(invoice: Invoice, terms: Terms, preferences: Preferences) -> Sums:
    """Return the sums of an invoice that can be posted; refuse any other one."""
    record = _record(invoice)
    customer_of(invoice)
    check_currency(invoice.currency, record, preferences)
    # Both refuse what they cannot put into QBO's form.
    doc_number(terms.number_prefix, invoice.number)
    due_date(invoice, terms.time_zone)
    amounts = sums(invoice)
    if amounts.discount and not preferences.allow_discount:
        raise RejectedError(
            f"{record} has a discount, and discounts are switched off in QuickBooks.",
            remedy="Switch on Discount under Account and settings, Sales, Sales form content in QuickBooks.",
            setting="discounts",
        )
    if amounts.tax:
        _check_tax(record, preferences)
    return amounts


def _check_tax(record: str, preferences: Preferences) -> None:
    if not preferences.can_bill_tax:
        raise RejectedError(
            f"{record} bills tax, and sales tax is switched off or not set up in QuickBooks.",
            remedy="Set up sales tax under Taxes in QuickBooks.",
            setting="sales_tax",
        )
    if preferences.automated_sales_tax and preferences.tax_group_code_id is None:
        raise RejectedError(
            f"{record} bills tax, and QuickBooks names no tax code of its automated sales tax.",
            remedy="Finish the set-up of automated sales tax under Taxes in QuickBooks.",
            setting="sales_tax",
        )


def _record(invoice: Invoice) -> str:
    return f"Invoice {shown(invoice.number)}"


def _items(invoice: Invoice, terms: Terms) -> dict[str, str]:
    """Return the items of the lines, by key; of several spellings the first names the item."""
    items: dict[str, str] = {}
    for line in invoice.items or ():
        name = item_name(line.name or "")
        if not name and terms.default_item is None:
            name = DEFAULT_ITEM_NAME
        if name:
            items.setdefault(item_key(name), name)
    return items


def _sales_line(line: LineItem, amount: Decimal, is_taxed: bool, terms: Terms, refs: Refs) -> Body:
    detail: Body = {
        "ItemRef": {"value": _item_of(line, terms, refs)},
        "TaxCodeRef": {"value": TAXED if is_taxed else NOT_TAXED},
    }
    priced = _quantity_and_price(line, amount)
    if priced is not None:
        detail["Qty"], detail["UnitPrice"] = priced
    body: Body = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
    description = _description(line, amount, told_quantity=priced is None)
    if description:
        body["Description"] = description
    return body


def _item_of(line: LineItem, terms: Terms, refs: Refs) -> str:
    name = item_name(line.name or "")
    if not name and terms.default_item is not None:
        return terms.default_item
    return refs.items[item_key(name or DEFAULT_ITEM_NAME)]


def _discount_line(discount: Decimal, account: str) -> Body:
    """Return the one line for all discounts; QBO subtracts its positive amount."""
    return {
        "DetailType": "DiscountLineDetail",
        "Amount": discount,
        "DiscountLineDetail": {"PercentBased": False, "DiscountAccountRef": {"value": account}},
    }


def _tax_detail(tax: Decimal, terms: Terms, refs: Refs, preferences: Preferences) -> Body:
    """Return the tax as billed: QBO keeps a TotalTax that it is given, whatever it would compute itself."""
    if not tax:
        return {"TotalTax": ZERO}
    return {"TxnTaxCodeRef": {"value": _known_tax_code(terms, preferences) or refs.tax_code}, "TotalTax": tax}


def _known_tax_code(terms: Terms, preferences: Preferences) -> str | None:
    """Return the tax code that needs no creation: the document's own, automated sales tax's, or the chosen one."""
    automated = preferences.tax_group_code_id if preferences.automated_sales_tax else None
    return terms.kept_tax_code or automated or terms.tax_code


def _quantity_and_price(line: LineItem, amount: Decimal) -> tuple[Decimal, Decimal] | None:
    """Return Qty and UnitPrice if QBO would accept them, which holds them against the amount (6070)."""
    if line.quantity is None or line.unit_cost is None:
        return None
    if not can_hold(line.quantity) or not can_hold(line.unit_cost):
        return None
    # QBO keeps five decimals of a price, and may do the same to a quantity: the product must hold either way.
    price = line.unit_cost.quantize(_FIVE_DECIMALS)
    rounded = line.quantity.quantize(_FIVE_DECIMALS)
    if not price or not rounded:
        return None
    if any(to_cents(quantity * price) != amount for quantity in (line.quantity, rounded)):
        return None
    return _shortest(line.quantity), _shortest(price)


def _shortest(number: Decimal) -> Decimal:
    """Return the number without zeros at its end, and without an exponent: 45.00 as 45, 1E+2 as 100."""
    shortest = number.normalize()
    exponent = shortest.as_tuple().exponent
    return shortest.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else shortest


def _description(line: LineItem, amount: Decimal, *, told_quantity: bool) -> str:
    """Return what the line says: its whole name where the item's differs, its text, and quantity and price
    where the line has no fields for them. Only name and text are ever cut."""
    name = one_line(line.name or "")
    parts = (name if item_name(name) != name else "", paragraphs(line.description or ""))
    text = "\n".join(part for part in parts if part)
    quantity = _quantity_text(line, amount) if told_quantity else ""
    if not quantity:
        return cut(text, _DESCRIPTION_LENGTH)
    text = cut(text, _DESCRIPTION_LENGTH - len(quantity) - 1)
    return f"{text}\n{quantity}" if text else quantity


def _quantity_text(line: LineItem, amount: Decimal) -> str:
    told = []
    if line.quantity is not None:
        told.append(f"Quantity: {_count_shown(line.quantity)}")
    if line.unit_cost is not None:
        includes_tax = amount != line.amount
        told.append(f"Price: {number_shown(line.unit_cost)}" + (" including tax" if includes_tax else ""))
    return ", ".join(told)


def _count_shown(quantity: Decimal) -> str:
    # Three hours are 3, not 3.00.
    is_whole = can_hold(quantity) and quantity == quantity.to_integral_value()
    return str(int(quantity)) if is_whole else number_shown(quantity)
