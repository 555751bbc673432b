"""The lines of a sales document: what each detail type must carry, and what QuickBooks Online makes of it.

Source: entity reference (Invoice, Line); the check of Amount against Qty times UnitPrice as recorded.
"""

from __future__ import annotations

from decimal import Decimal

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.books.totals import ZERO, SaleLine, discount_of, price, rounded, subtotal_of
from simulators.quickbooks.forms.writes import GRATUITY_ITEM, SHIPPING_ITEM, SYSTEM_ITEMS, Write
from simulators.quickbooks.lists.accounts import check_type, standard_account
from simulators.quickbooks.tax.global_tax import carved, line_code

MOST_LINES = 750
_ITEM, _DISCOUNT, _SUBTOTAL = "SalesItemLineDetail", "DiscountLineDetail", "SubTotalLineDetail"
_DISCOUNT_ACCOUNTS = ("Income", "Other Income", "Expense", "Other Expense", "Cost of Goods Sold")
_TEXT, _GROUP = "DescriptionOnly", "GroupLineDetail"


def settle_lines(made: Write) -> None:
    """Check the lines that were sent, or those it has, and put them in order: items and texts, subtotal, discount.

    A sent array replaces the whole set; a line keeps its Id where it names one that the document has.
    """
    lines = made.sent["Line"] if "Line" in made.sent else made.item.get("Line")
    sent = [line for line in lines or [] if line.get("DetailType") != _SUBTOTAL]
    if len(sent) > MOST_LINES:
        raise refusals.business_rule(f"A transaction can have at most {MOST_LINES} lines.")
    if not any(line.get("DetailType") in (_ITEM, _TEXT, _GROUP) for line in sent):
        raise refusals.missing_parameter("Line")
    items = [_settle_line(made, line) for line in sent if line.get("DetailType") != _DISCOUNT]
    discounts = [line for line in sent if line.get("DetailType") == _DISCOUNT]
    if len(discounts) > 1:
        raise refusals.discount_incomplete("Only one discount line is allowed.")
    sold = sale_lines(items)
    subtotal = subtotal_of(sold)
    shown = sum((line.amount for line in sold), ZERO) if made.company.switches.shipping_in_subtotal else subtotal
    made.item["Line"] = [
        *items,
        {"Amount": shown, "DetailType": _SUBTOTAL, _SUBTOTAL: {}},
        *(_settle_discount(made, line, subtotal) for line in discounts),
    ]
    number_lines(made)


def sale_lines(lines: list[Object]) -> list[SaleLine]:
    """The lines that make the total, each less its own discount."""
    found = []
    for line in lines:
        if line["DetailType"] == _ITEM:
            detail = line[_ITEM]
            code, gross = (detail.get("TaxCodeRef") or {}).get("value"), detail.get("TaxInclusiveAmt")
            found.append(
                SaleLine(
                    Decimal(line["Amount"]) - Decimal(detail.get("DiscountAmt") or 0),
                    code == "TAX",
                    code,
                    None if gross is None else _gross_left(Decimal(gross), Decimal(line["Amount"]), detail),
                    detail["ItemRef"]["value"] in SYSTEM_ITEMS,
                )
            )
        elif line["DetailType"] == _GROUP:
            found.extend(sale_lines(line[_GROUP].get("Line", [])))
    return found


def _gross_left(gross: Decimal, amount: Decimal, detail: Object) -> Decimal:
    """What the line's own discount leaves of a price with tax."""
    if not detail.get("DiscountAmt"):
        return gross
    taken = Decimal(detail["DiscountRate"]) / 100 if "DiscountRate" in detail else detail["DiscountAmt"] / amount
    return rounded(gross * (1 - taken))


def discount_amount(lines: list[Object]) -> Decimal:
    return sum((Decimal(line["Amount"]) for line in lines if line["DetailType"] == _DISCOUNT), Decimal("0.00"))


def voided_lines(lines: list[Object]) -> list[Object]:
    """The lines of a voided document: amounts and quantities are nought."""
    voided = []
    for line in lines:
        line = {**line, **({"Amount": Decimal("0.00")} if "Amount" in line else {})}
        if _ITEM in line:
            nought = {name: Decimal(0) for name in ("Qty", "TaxInclusiveAmt", "DiscountAmt") if name in line[_ITEM]}
            line[_ITEM] = {**line[_ITEM], **nought}
        if _GROUP in line:
            line[_GROUP] = {**line[_GROUP], "Line": voided_lines(line[_GROUP].get("Line", []))}
        voided.append(line)
    return voided


def _settle_line(made: Write, line: Object) -> Object:
    kind = line.get("DetailType")
    if kind is None:
        raise refusals.missing_parameter("Line.DetailType")
    settled = {name: line[name] for name in ("Id", "Description") if line.get(name) is not None}
    if kind == _TEXT:
        return {**settled, "DetailType": _TEXT, "DescriptionLineDetail": {}}
    if kind == _GROUP:
        return {**settled, **_settle_group(made, line)}
    if kind != _ITEM:
        raise refusals.Refusal([refusals.invalid_enumeration("Line.DetailType", kind)])
    detail = line.get(_ITEM) or {}
    if detail.get("ItemRef") is None:
        # Without an item the line is text, whatever its amount.
        return {**settled, "DetailType": _TEXT, "DescriptionLineDetail": {}}
    kept, amount = _item_detail(made, detail), line_amount(line, detail)
    if not made.company.is_in_us:
        amount, kept["TaxInclusiveAmt"] = carved(made, amount, kept["TaxCodeRef"], kept.get("TaxInclusiveAmt"))
    _settle_line_discount(made, kept, amount)
    return {**settled, "Amount": amount, "DetailType": _ITEM, _ITEM: kept}


def _settle_group(made: Write, line: Object) -> Object:
    detail = line.get(_GROUP) or {}
    inner = [_settle_line(made, one) for one in detail.get("Line") or _lines_of_bundle(made.company, detail)]
    amount = sum((one.get("Amount", Decimal(0)) for one in inner), Decimal("0.00"))
    return {"Amount": amount, "DetailType": _GROUP, _GROUP: {**detail, "Line": inner}}


def _lines_of_bundle(company: Company, detail: Object) -> list[Object]:
    """The lines that a bundle stands for, at the prices of its items (entity reference, GroupLineDetail)."""
    reference = detail.get("GroupItemRef")
    bundle = company.get("Item", reference["value"]) if reference else {}
    lines: list[Object] = []
    for part in (bundle.get("ItemGroupDetail") or {}).get("ItemGroupLine", []):
        if not part.get("ItemRef"):
            continue
        item = company.get("Item", part["ItemRef"]["value"])
        quantity = Decimal(part.get("Qty") or 0) * Decimal(detail.get("Quantity") or 1)
        unit_price = Decimal(item.get("UnitPrice") or 0)
        inner = {"ItemRef": part["ItemRef"], "Qty": quantity, "UnitPrice": unit_price}
        if not company.is_in_us:
            inner["TaxCodeRef"] = item.get("SalesTaxCodeRef")
        lines.append({"DetailType": _ITEM, "Amount": rounded(quantity * unit_price), _ITEM: inner})
    return lines


def line_amount(line: Object, detail: Object) -> Decimal:
    """The amount of an item line, in cents.

    Raises:
        Refusal: 2020 without an amount or a way to compute it; 6070 if both Qty and UnitPrice are
            given, neither is 0 (the clients' default), and their product is another amount.
    """
    quantity, unit_price = detail.get("Qty"), detail.get("UnitPrice")
    product = None
    if quantity and unit_price:
        product = rounded(quantity * price(unit_price))
    amount = line.get("Amount")
    if amount is None:
        if product is None:
            raise refusals.missing_parameter("Line.Amount")
        return product
    if product is not None and rounded(amount) != product:
        raise refusals.amount_not_quantity_times_price(f"{amount:,}")
    return rounded(amount)


def _item_detail(made: Write, detail: Object) -> Object:
    """The detail with what QuickBooks Online adds: the item's account and a tax code."""
    kept = {name: value for name, value in detail.items() if value is not None and name != "ItemAccountRef"}
    if "UnitPrice" in kept:
        kept["UnitPrice"] = price(kept["UnitPrice"])
    item = _item(made.company, kept["ItemRef"])
    if item is not None and item.get("IncomeAccountRef"):
        kept["ItemAccountRef"] = item["IncomeAccountRef"]
    if kept.get("TaxInclusiveAmt") == 0:
        del kept["TaxInclusiveAmt"]
    if not made.company.is_in_us:
        kept["TaxCodeRef"] = line_code(made, kept.get("TaxCodeRef"))
        return kept
    code = (kept.get("TaxCodeRef") or {}).get("value")
    if code is None:
        code = "TAX" if _taxable_by_default(made, item) else "NON"
    if code not in ("TAX", "NON"):
        raise refusals.line_tax_code(code)
    kept["TaxCodeRef"] = {"value": code}
    return kept


def _settle_line_discount(made: Write, detail: Object, amount: Decimal) -> None:
    """The discount of one line: the rate counts before the amount, which follows it (entity reference).

    What it does to the document's figures is not documented: here `Amount` stays what was sold, and subtotal
    and tax are of what is left.

    Raises:
        Refusal: it is negative (2290), or exceeds the line (6000).
    """
    percent, taken = detail.pop("DiscountRate", None), detail.pop("DiscountAmt", None)
    if not (percent or taken) or not made.company.switches.line_discounts:
        return
    if (percent or taken) < 0:
        raise refusals.negative_amount("Line.SalesItemLineDetail.DiscountAmt")
    if percent:
        detail["DiscountRate"] = percent
    detail["DiscountAmt"] = discount_of(amount, percent or None, taken)
    if abs(detail["DiscountAmt"]) > abs(amount):
        raise refusals.business_rule("The discount amount can't be greater than the line amount.")


def _item(company: Company, reference: Object) -> Object | None:
    if reference["value"] == SHIPPING_ITEM:
        if not company.preferences["SalesFormsPrefs"].get("AllowShipping"):
            raise refusals.business_rule("Shipping is turned off for this company.")
        return None
    if reference["value"] == GRATUITY_ITEM:
        if not company.other_preference("SalesFormsPrefs.AllowGratuity"):
            raise refusals.business_rule("Gratuity is turned off for this company.")
        return None
    item = company.get("Item", reference["value"])
    if item["Type"] == "Category":
        raise refusals.business_rule("A category cannot be sold.")
    return item


def _taxable_by_default(made: Write, item: Object | None) -> bool:
    """With automated sales tax, a line without a code counts as taxable if item and customer are."""
    if not made.company.preferences["TaxPrefs"].get("PartnerTaxEnabled"):
        return False
    customer = made.reference("CustomerRef")
    return bool(item is None or item.get("Taxable")) and (customer is None or bool(customer.get("Taxable", True)))


def _settle_discount(made: Write, line: Object, subtotal: Decimal) -> Object:
    """The discount line: percentage before amount, on the company's discount account by default.

    Raises:
        Refusal: discounts are off or neither figure is given (6090), or it exceeds the subtotal (6000).
    """
    if not made.company.preferences["SalesFormsPrefs"].get("AllowDiscount"):
        raise refusals.discount_incomplete("Discounts are turned off for this company.")
    detail = line.get(_DISCOUNT) or {}
    percent = detail.get("DiscountPercent") if detail.get("PercentBased") is not False else None
    amount = line.get("Amount")
    if percent is None and amount is None:
        raise refusals.discount_incomplete()
    if (amount or 0) < 0 or (percent or 0) < 0:
        raise refusals.negative_amount("Line.Amount")
    taken = discount_of(subtotal, percent, amount)
    if amount is not None and rounded(amount) != taken and made.company.switches.discount_amount_must_fit:
        raise refusals.business_rule(
            "You can't set both an amount and a discount percentage if the amount is not the sum of the discount "
            "percentage and the subtotal."
        )
    if taken > max(subtotal, Decimal(0)):
        raise refusals.business_rule("The discount amount can't be greater than the subtotal.")
    if detail.get("DiscountAccountRef"):
        chosen = made.company.get("Account", detail["DiscountAccountRef"]["value"])
        check_type(chosen, _DISCOUNT_ACCOUNTS, "DiscountAccountRef")
    account = detail.get("DiscountAccountRef") or _discount_account(made.company)
    kept = {
        "PercentBased": percent is not None,
        "DiscountPercent": percent,
        "DiscountAccountRef": account,
        "ClassRef": detail.get("ClassRef"),
    }
    settled = {name: line[name] for name in ("Id", "Description") if line.get(name) is not None}
    return {
        **settled,
        "Amount": taken,
        "DetailType": _DISCOUNT,
        _DISCOUNT: {name: value for name, value in kept.items() if value is not None},
    }


def _discount_account(company: Company) -> Object | None:
    """The account that the company's preferences name, or one made for discounts."""
    chosen = company.find("Account", str(company.preferences["SalesFormsPrefs"].get("DefaultDiscountAccount", "")))
    if chosen is not None and chosen.get("Active", True):
        return {"value": chosen["Id"], "name": chosen["FullyQualifiedName"]}
    return standard_account(company, "Income", "DiscountsRefundsGiven")


def number_lines(made: Write) -> None:
    """Number the lines; an unknown Id, 0 or none makes a new line. The subtotal line has no Id."""
    known = {line["Id"] for line in (made.before or {}).get("Line", []) if "Id" in line}
    hidden = made.item[HIDDEN]
    last = int(hidden.get("last_line", 0))
    for number, line in enumerate(made.item["Line"], 1):
        if line.get("DetailType") == _SUBTOTAL:
            continue
        if line.get("Id") in known:
            known.discard(line["Id"])
        else:
            last += 1
            line["Id"] = str(last)
        line["LineNum"] = number
    made.item[HIDDEN] = {**hidden, "last_line": last}
