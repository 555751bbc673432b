"""Customers from Invoiced to QuickBooks, and the merge of both sides once either has changed."""

from dataclasses import replace

from consumer import look_for, remember
from consumer.carry_out import carry_out
from consumer.deps import Deps, Look
from consumer.learned import learn_customer
from consumer.mapping import names
from consumer.mapping.currency import home_currency_ref
from consumer.mapping.customer import (
    changed_source_fields,
    source_of,
    to_qbo_customer,
)
from consumer.mapping.quickbooks_customer import changed_fields, standing_of_customer, to_invoiced_fields
from consumer.mapping.refs import Body
from consumer.wanted import Wanted
from consumer.work import request_looks
from consumer.writes import Operation, Write
from shared.db import links, records
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.db.records import RecordKey
from shared.errors import ConflictError, DuplicateNameError, RejectedError, WaitingError
from shared.invoiced.entities import Customer
from shared.messages import Kind
from shared.outcomes import Outcome, Settlement, synced, unchanged
from shared.quickbooks.entities import qbo_id, ref_value, sync_token
from shared.settings import Matching

# A customer that was born in QuickBooks, or is called otherwise there, keeps its DisplayName.
BORN_IN_QUICKBOOKS = "quickbooks"
SWITCHED_OFF = "Customers are not sent to QuickBooks, as the settings say"


def wanted(deps: Deps, customer_id: int) -> Wanted:
    """Return the customer as something that a document needs; it is fetched when the write is planned."""
    key = deps.record(Kind.CUSTOMER, customer_id)
    link = LinkKey(key, variant=deps.profile.preferences.home_currency)
    fetched: list[Customer] = []

    def make() -> Write:
        customer = deps.invoiced.fetch_customer(customer_id)
        _refuse_if_switched_off(deps, customer)
        fetched.append(customer)
        _leave_to_its_quickbooks_customer(deps, customer)
        return _create(deps, link, customer, suffix="")

    def adopt(write: Write, clash: DuplicateNameError) -> Link:
        return _adopt_or_rename(deps, link, fetched[-1], write, clash)

    def learn(look: Look) -> None:
        if fetched:
            learn_customer(look, fetched[-1])

    return Wanted(key, link, f"#{customer_id}", make, adopt, learn)


def _refuse_if_switched_off(deps: Deps, customer: Customer) -> None:
    if not deps.profile.settings.customers.to_quickbooks:
        raise RejectedError(
            f"{customer.name} stands for no customer of QuickBooks yet. {SWITCHED_OFF}",
            remedy="Send customers to QuickBooks, or enter this one there and let customers come from QuickBooks.",
            setting="customers",
        )


def update(deps: Deps, link: Link, customer: Customer) -> Settlement:
    """Bring a linked QBO customer in line with its Invoiced customer; the customer's record is leased."""
    body, remarks = to_qbo_customer(customer, display_name=_display_name(link, customer))
    remark = " ".join(remarks)
    written = {name: value for name, value in (link.body or {}).items() if name != "CurrencyRef"}
    if body == written:
        return unchanged(remark)
    try:
        _write(deps, link, customer, body)
    except ConflictError:
        return merge(deps, link, customer, deps.quickbooks.read("Customer", link.qbo_id))
    return synced(remark)


def _write(deps: Deps, link: Link, customer: Customer, body: Body) -> None:
    """Update the QBO customer; where another one holds the name, it takes a suffix for good."""
    lease = links.record_of(link)
    try:
        carry_out(deps, lease, _update(link, customer, body))
    except DuplicateNameError as clash:
        suffix = names.stable_suffix(customer.id)
        if _suffix(link) == suffix or "DisplayName" not in body:
            raise _both_taken(body["DisplayName"], body["DisplayName"], clash) from clash
        renamed = {**body, "DisplayName": names.customer_display_name(customer.name, customer.number, suffix)}
        write = _update(link, customer, renamed)
        carry_out(deps, lease, replace(write, columns={**write.columns, "terms": {"suffix": suffix}}))


def _both_taken(name: str, renamed: str, clash: DuplicateNameError) -> RejectedError:
    return RejectedError(
        f"The names {name!r} and {renamed!r} are both taken in QuickBooks",
        remedy="Rename one of them in QuickBooks, or the customer in Invoiced.",
        topic="name-taken",
        code=clash.code,
        detail=clash.detail,
    )


def merge(deps: Deps, link: Link, customer: Customer, current: Body) -> Settlement:
    """Bring both sides in line, given the QBO customer as it is now; the customer's record is leased.

    What changed in QuickBooks since its last answer goes to Invoiced, what changed in Invoiced since then to
    QuickBooks; where both changed the same field, Invoiced wins.
    """
    key = links.record_of(link)
    before, now = standing_of_customer(link.standing), standing_of_customer(current)
    theirs = changed_fields(before, now)
    direction = deps.profile.settings.customers
    unwritten = changed_source_fields(link.source, source_of(customer)) if link.source else set()
    ours = unwritten if direction.to_quickbooks else set()
    back = theirs - ours if direction.from_quickbooks else set()
    name = _name_for_invoiced(link, customer, current) if "name" in back else None
    if name is None:
        back -= {"name"}
    fields = to_invoiced_fields(current, back, name=name)
    may_deactivate = deps.profile.settings.deactivate_customers and direction.from_quickbooks
    if may_deactivate and not now["Active"] and before["Active"]:
        fields["active"] = False
    if fields:
        customer = deps.invoiced.update_customer(customer.id, fields)
    body, remarks = to_qbo_customer(customer, display_name=_display_name(link, customer))
    source = source_of(customer)
    with deps.sessions.begin() as session:
        link = links.save(
            session,
            LinkKey(key, variant=link.variant),
            entity="Customer",
            qbo_id=link.qbo_id,
            sync_token=sync_token(current),
            standing=current,
            now=deps.now(),
            # With changes of ours still to be written, what they are told by stays what it was.
            source={**(link.source or {}), **{field: source[field] for field in back}} if unwritten else source,
            body=link.body if unwritten else body,
        )
    remarks = (*remarks, *_remarks(ours & theirs, now["Active"]))
    if ours:
        _write(deps, link, customer, body)
    settlement = synced(" ".join(remarks)) if ours or fields else unchanged(" ".join(remarks))
    # What the settings keep back is made up for when they change.
    return replace(settlement, setting="customers") if unwritten - ours - back else settlement


def _remarks(both_changed: set[str], is_active: bool) -> list[str]:
    remarks = []
    if both_changed:
        remarks.append(f"Both sides changed {', '.join(sorted(both_changed))}: what Invoiced says stands.")
    if not is_active:
        remarks.append("The customer was made inactive in QuickBooks.")
    return remarks


def _create(deps: Deps, link: LinkKey, customer: Customer, suffix: str) -> Write:
    display_name = names.customer_display_name(customer.name, customer.number, suffix)
    body, _ = to_qbo_customer(customer, display_name=display_name)
    return Write(
        link,
        "Customer",
        Operation.CREATE,
        # The currency of what is billed: a customer billed in another one too is another customer in QuickBooks.
        body | home_currency_ref(deps.profile.preferences.multicurrency, deps.profile.preferences),
        columns={"terms": {"suffix": suffix}, "source": source_of(customer)},
    )


def _update(link: Link, customer: Customer, body: Body) -> Write:
    return Write(
        LinkKey(links.record_of(link), variant=link.variant),
        "Customer",
        Operation.UPDATE,
        body,
        columns={"source": source_of(customer)},
    )


def _adopt_or_rename(deps: Deps, link: LinkKey, customer: Customer, write: Write, clash: DuplicateNameError) -> Link:
    """The name is taken: by an unlinked customer of exactly this name, which is ours then; else take a suffix."""
    adopted = _adopt(deps, link, write, clash, customer)
    if adopted is not None:
        return adopted
    renamed = _create(deps, link, customer, names.stable_suffix(customer.id))
    try:
        created = carry_out(deps, link.record, renamed)
    except DuplicateNameError as again:
        created = _adopt(deps, link, renamed, again, customer)
        if created is None:
            raise _both_taken(write.body["DisplayName"], renamed.body["DisplayName"], again) from again
    assert created is not None, "a create leaves a link"
    return created


def _adopt(deps: Deps, link: LinkKey, write: Write, clash: DuplicateNameError, customer: Customer) -> Link | None:
    name = write.body["DisplayName"]
    found = look_for.find_holder(deps, "Customer", clash.holder_id, name)
    if found is None or found["DisplayName"] != name or found.get("Active") is False:
        return None
    if deps.profile.preferences.multicurrency and not _same_currency(found, write.body):
        return None
    with deps.sessions() as session:
        if links.find_by_qbo_id(session, deps.profile.id, "Customer", qbo_id(found)) is not None:
            return None
    if deps.profile.settings.customer_matching is Matching.NEVER and _leave_to_a_person(deps, found):
        return None
    with deps.sessions.begin() as session:
        adopted = remember.adopt(session, link, "Customer", found, deps.now(), **write.columns)
    return carry_out(deps, link.record, _update(adopted, customer, write.body))


def _same_currency(found: Body, body: Body) -> bool:
    # QuickBooks names the currency beside its code.
    return ref_value(found, "CurrencyRef") == ref_value(body, "CurrencyRef")


def _leave_to_a_person(deps: Deps, found: Body) -> bool:
    """Have a person say whom a QBO customer of our composed name stands for; True if that is settled: for nobody.

    Raises:
        WaitingError: nobody has said so yet.
    """
    source = RecordKey(deps.profile.id, Kind.QUICKBOOKS_CUSTOMER, qbo_id(found))
    with deps.sessions() as session:
        row = records.find(session, source)
    if row is not None and row.outcome == Outcome.SKIPPED:
        return True
    request_looks(deps, [source])
    raise WaitingError(
        f"Customer {found['DisplayName']!r} of QuickBooks may be this one, and no customers are matched automatically",
        remedy="Choose on the page Customers which one it is, or that it is a new one.",
        waiting_for=source.name,
    )


def _display_name(link: Link, customer: Customer) -> str | None:
    if link.origin == BORN_IN_QUICKBOOKS:
        return None
    return names.customer_display_name(customer.name, customer.number, _suffix(link))


def _suffix(link: Link) -> str:
    return str((link.terms or {}).get("suffix", ""))


def _name_for_invoiced(link: Link, customer: Customer, current: Body) -> str | None:
    shown = str(current["DisplayName"])
    if link.origin == BORN_IN_QUICKBOOKS:
        return names.without_deleted(shown)
    return names.bare_customer_name(shown, customer.number, _suffix(link), name_in_invoiced=customer.name)


def quickbooks_customer_of(deps: Deps, customer: Customer) -> RecordKey | None:
    """Return the QBO customer that an Invoiced customer says it stands for, unless that is linked already."""
    metadata = customer.metadata if isinstance(customer.metadata, dict) else {}
    named = str(metadata.get("quickbooks_customer_id") or "")
    if not (named.isascii() and named.isdecimal() and len(named) <= 20):
        return None
    with deps.sessions() as session:
        if links.find_by_qbo_id(session, deps.profile.id, "Customer", named) is not None:
            return None
    return RecordKey(deps.profile.id, Kind.QUICKBOOKS_CUSTOMER, named)


def _leave_to_its_quickbooks_customer(deps: Deps, customer: Customer) -> None:
    """A customer that came from QuickBooks a moment ago may not be linked yet: its QBO customer's own look does it.

    Raises:
        WaitingError: names that QBO customer.
    """
    source = quickbooks_customer_of(deps, customer)
    if source is None:
        return
    with deps.sessions() as session:
        row = records.find(session, source)
    if row is not None and row.outcome is not None and row.outcome != Outcome.WAITING:
        # It was looked at and stands for something else, or is gone: the metadata says nothing true.
        return
    if row is None or row.outcome is None:
        request_looks(deps, [source])
    raise WaitingError(
        f"Waits for QuickBooks customer {source.record_id}, from which this customer was made",
        remedy=(row.remedy or "") if row is not None else "",
        waiting_for=source.name,
    )
