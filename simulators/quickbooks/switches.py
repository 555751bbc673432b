"""The named switches: what Intuit does not document, with the likelier behaviour as default; pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Switches:
    """How the simulator behaves where the documentation is silent. `docs/simulators/quickbooks.md` lists them."""

    # OAuth: every refresh gives a new refresh token, not only the first one after 24 hours.
    rotate_every_refresh: bool = False
    # OAuth: a used code or a former refresh token that comes again ends the connection.
    reuse_disconnects: bool = False
    # OAuth: a former refresh token counts for so many hours after the rotation.
    refresh_grace_hours: int = 0
    # requestid: answer a repeated request with the refusal it met first, too; 0 hours keeps ids for good.
    replay_refusals: bool = False
    requestid_hours: int = 0
    # requestid: one that comes again with another body is refused (600); otherwise it gets the first answer.
    requestid_of_one_body: bool = False
    # Change data capture from longer ago than 30 days gives the last 30; otherwise it is refused (4001).
    cdc_cuts_to_30_days: bool = False
    # An explicit TotalTax beside TxnTaxCodeRef counts in companies without automated sales tax.
    honour_total_tax: bool = True
    # ... but only where a line is taxable.
    tax_needs_taxable_line: bool = True
    # With sales tax off, TxnTaxDetail is dropped without a word; otherwise a tax is refused (6000).
    drop_tax_when_off: bool = True
    # An Expense account may be an item's IncomeAccountRef, which the bad-debt procedure needs.
    expense_account_for_items: bool = True
    # An invoice or credit memo with linked payments may be voided; the payments become unapplied.
    void_linked: bool = False
    # CreditMemo and Payment understand operation=void beside their documented forms.
    void_by_operation: bool = False
    # Deactivating appends " (deleted)" to the name, which frees the name.
    deactivation_frees_name: bool = True
    # A customer or an account with a balance cannot be made inactive (6220).
    balance_blocks_deactivation: bool = False
    # CurrentBalance of income and expense accounts is what was posted to them; otherwise it is read as 0.
    income_balances_shown: bool = True
    # Code for a reference to something inactive: 610, 2500, or (customers) 6250.
    inactive_reference_code: int = 610
    # DocNumbers are unique over invoices and credit memos together, not for each alone.
    numbers_across_types: bool = False
    # DocNumbers are checked although CustomTxnNumbers is off.
    check_numbers_when_automatic: bool = False
    # DiscountRate and DiscountAmt of a line lower what it counts for; otherwise they are dropped.
    line_discounts: bool = True
    # A discount line's Amount beside its percentage has to be what that comes to; otherwise the percentage counts.
    discount_amount_must_fit: bool = False
    # The subtotal line holds shipping, too; a discount is taken off what is sold without it.
    shipping_in_subtotal: bool = False
    # A query's list of fields in place of * is taken, and all fields are given; otherwise it is refused (4000).
    select_lists: bool = True
    # A nested object (an address) in a sparse update changes only the fields it names.
    sparse_merges_objects: bool = False
    # Country in addresses of customers is read back as ISO-3, as it is in CompanyInfo.
    customer_country_iso3: bool = True
    # Days until an invoice without DueDate and without terms is due.
    due_days_without_term: int = 30
    # A caller that names no form of reply (Accept: */*, or none) gets XML.
    xml_by_default: bool = True
    # A 429 says with Retry-After how long to wait, if not 0, and comes in XML whatever was asked for.
    retry_after_s: int = 0
    throttle_in_xml: bool = False
    # Reads (GET, query, cdc) that all companies together have a calendar month, then 429; 0: no quota.
    monthly_reads: int = 0
    # Webhooks in the form of before 2026, and several companies in one delivery every so many seconds.
    legacy_webhooks: bool = False
    webhook_aggregation_s: float = 0.0
    # Divides the waits of the documented retry schedule.
    webhook_speed: float = 1.0
