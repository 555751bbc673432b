"""What Invoiced's public documents leave open, as named switches with the likelier value as default. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Switches:
    """Each is set with `--switch NAME=VALUE`; docs/simulators/invoiced.md says what is known of it."""

    half_even_rounding: bool = False
    """Round half a cent to the even cent instead of up."""
    net_line_amounts: bool = False
    """Lower the amount of a line by its own inclusive tax, instead of the subtotal alone."""
    draft_has_balance: bool = False
    """A draft's balance is its total instead of 0."""
    void_keeps_balance: bool = False
    """A voided document keeps the balance that it had instead of 0."""
    payment_void_deletes: bool = False
    """Voiding a payment shows as payment.deleted instead of payment.updated."""
    updated_after_inclusive: bool = False
    """`updated_after` also returns what was updated in that very second."""
    empty_metadata_as_list: bool = False
    """Empty metadata is shown as [] instead of {}."""
    previous_beside_data: bool = False
    """Events carry `previous` beside `data` instead of inside it."""
    base64_signature: bool = False
    """`X-Invoiced-Signature` is in base64 instead of hex."""
    credit_event_has_customer: bool = False
    """Credit note and payment events carry the whole customer instead of its id."""
    merge_tells_documents: bool = False
    """What moves to the surviving customer of a merge shows as updated, instead of moving without a word."""
    edit_below_paid_refused: bool = False
    """An edit that brings a total below what is paid is refused, instead of releasing the excess."""
    credits_pay_new_invoices: bool = True
    """The credit balance of a customer pays the invoices that are issued, as far as it goes."""
    credit_notes_pay_their_invoice: bool = True
    """A credit note that is issued against an invoice pays it, as far as it goes."""
    written_off_is_paid: bool = False
    """An invoice written off by a credit note is `paid`; its status is bad_debt either way."""
    failed_charge_makes_payment: bool = False
    """A charge that fails is answered 201 with a payment whose charge failed, instead of 400 and no payment."""
    idempotency_kept_s: int = 86_400
    """How many seconds a POST repeated with its `Idempotency-Key` gets the first answer; 0: the header is ignored."""
    pages_in_order: bool = False
    """A page of a list is refused to whoever has not read the one before it."""
    page_size: int = 100
    """How many objects a page has without `per_page`."""
    largest_page: int = 100
    """How many objects a page has at most, whatever `per_page` says."""
    retry_after_s: int = 0
    """A 429 says in `Retry-After` to come back after so many seconds; 0: it says nothing."""
    retry_speed: float = 1
    """How many times faster than hourly a failed webhook is tried again."""
    events_kept: int = 10_000
    """How many events of an account stay readable."""

    def __post_init__(self) -> None:
        if not 0 < self.retry_speed < float("inf"):
            raise ValueError("retry_speed must be above 0")
        if self.events_kept < 1:
            raise ValueError("events_kept must be at least 1")
        if self.idempotency_kept_s < 0:
            raise ValueError("idempotency_kept_s must not be negative")
        if self.page_size < 1 or self.largest_page < 1:
            raise ValueError("page_size and largest_page must be at least 1")
        if self.retry_after_s < 0:
            raise ValueError("retry_after_s must not be negative")
