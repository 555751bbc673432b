"""For any invoice that Invoiced can hold: what is posted is what was billed, to the cent."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from consumer.mapping.address import to_qbo_address
from consumer.mapping.invoice import needs_of_invoice, to_qbo_invoice
from consumer.mapping.names import bare_customer_name, customer_display_name, doc_number, stable_suffix
from consumer.mapping.quickbooks_customer import changed_fields, standing_of_customer
from consumer.mapping.sums import sums
from shared.invoiced.entities import Customer, Invoice
from shared.money import decode_json, encode_json, to_cents
from tests.strategies import invoice_numbers, invoices, texts
from tests.unit.mapping.examples import PREFERENCES, TERMS, refs_for

numbers = st.text(st.characters(codec="utf-8"), max_size=60)


@given(invoices())
def test_posted_lines_less_discount_with_the_tax_are_the_total(invoice: Invoice) -> None:
    body = _posted(invoice)
    signed = [
        -line["Amount"] if line["DetailType"] == "DiscountLineDetail" else line["Amount"] for line in body["Line"]
    ]
    tax = body["TxnTaxDetail"]["TotalTax"]
    assert sum(signed) + tax == invoice.total
    assert tax == sum(tax.amount for tax in invoice.taxes or ()) + sum(
        tax.amount for line in invoice.items or () for tax in line.taxes or ()
    )
    assert all(amount == to_cents(amount) for amount in signed)


@given(invoices())
def test_tax_is_posted_with_a_code_and_a_taxed_line_and_no_tax_with_neither(invoice: Invoice) -> None:
    body = _posted(invoice)
    codes = {
        line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in body["Line"] if "SalesItemLineDetail" in line
    }
    if sums(invoice).tax:
        assert "TAX" in codes
        assert body["TxnTaxDetail"]["TxnTaxCodeRef"] == {"value": "tax code"}
    else:
        assert codes == {"NON"}
        assert "TxnTaxCodeRef" not in body["TxnTaxDetail"]


@given(invoices())
def test_every_quantity_and_price_that_is_sent_passes_the_check_of_quickbooks(invoice: Invoice) -> None:
    for line in _posted(invoice)["Line"]:
        detail = line.get("SalesItemLineDetail", {})
        assert ("Qty" in detail) == ("UnitPrice" in detail)
        if "Qty" in detail:
            price = detail["UnitPrice"]
            assert price == price.quantize(Decimal("0.00001"))
            assert (detail["Qty"] * price).quantize(Decimal("0.01"), ROUND_HALF_UP) == line["Amount"]
            assert detail["Qty"] and price
        assert len(line.get("Description", "")) <= 4000


@given(invoices())
def test_a_body_keeps_every_digit_through_json(invoice: Invoice) -> None:
    body = _posted(invoice)
    assert decode_json(encode_json(body)) == body
    assert len(body["DocNumber"]) <= 21


@given(st.lists(invoice_numbers, unique=True, max_size=30), st.sampled_from(["", "INVD-", "Sales 2026 / "]))
def test_different_numbers_get_different_doc_numbers(found: list[str], prefix: str) -> None:
    sent = [doc_number(prefix, number, ending) for number in found for ending in ("", "-BD")]
    whole = {prefix + number + ending for number in found for ending in ("", "-BD")}
    assert len(set(sent)) == len(whole)
    assert all(len(number) <= 21 for number in sent)


@given(st.text(min_size=1, max_size=300), numbers, st.integers(1, 10**12).map(stable_suffix))
def test_a_display_name_keeps_the_number_whole(name: str, number: str, suffix: str) -> None:
    composed = customer_display_name(f"A{name}", number, suffix)
    assert len(composed) <= 100
    assert composed.endswith(suffix)
    assert not set(composed) & set(":\t\n\r")
    if number.isalnum():
        assert composed.endswith(f" {number}{suffix}")


@given(st.text(max_size=120), st.none() | numbers, st.sampled_from(["", " #15444"]))
def test_a_composed_name_comes_back_as_it_was_or_not_at_all(name: str, number: str | None, suffix: str) -> None:
    name = f"A{name}"
    composed = customer_display_name(name, number, suffix)
    for display_name in (composed, f"{composed} (deleted)"):
        assert bare_customer_name(display_name, number, suffix, name_in_invoiced=name) in (name, None)


@given(st.lists(texts, min_size=5, max_size=5), st.sampled_from(["US", "USA", "united states", "", "DE"]))
def test_an_address_that_quickbooks_flows_into_lines_is_no_change(fields: list[str], country: str) -> None:
    address1, address2, city, state, postal_code = fields
    customer = Customer(1, "A", address1=address1, address2=address2, city=city, state=state)
    address = to_qbo_address(customer) | {"PostalCode": postal_code, "Country": country}
    spelt = {"US": "USA", "united states": "USA", "DE": "Germany"}.get(country, country)
    flowed = {
        "Id": "7",
        "Line1": address["Line1"],
        "Line2": f"{address['Line2']} {address['City']}, {address['CountrySubDivisionCode']}",
        "Line3": f"{address['PostalCode']}  {spelt}",
    }
    before = standing_of_customer({"DisplayName": "A", "BillAddr": address})
    now = standing_of_customer({"DisplayName": "A (deleted)", "Active": False, "BillAddr": flowed})
    assert changed_fields(before, now) == set()


def _posted(invoice: Invoice) -> dict:  # type: ignore[type-arg]
    needs = needs_of_invoice(invoice, TERMS, PREFERENCES)
    return to_qbo_invoice(invoice, TERMS, refs_for(needs), PREFERENCES)
