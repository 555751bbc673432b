"""Customers from QuickBooks to Invoiced: one read of the QBO customer, then recognise, merge or create."""

import re

from consumer import customers_to_qbo
from consumer.carry_out import settle_pending
from consumer.customers_to_qbo import BORN_IN_QUICKBOOKS
from consumer.deps import Deps, Look
from consumer.mapping import names
from consumer.mapping.customer import source_of, to_qbo_customer
from consumer.mapping.quickbooks_customer import is_sub_customer, numbers_in, to_invoiced_customer
from consumer.mapping.refs import Body
from consumer.remember import adopt
from consumer.work import look_at, take, take_or_wait
from shared.db import links
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.errors import NotFoundError, WaitingError
from shared.invoiced.entities import Customer
from shared.messages import Kind
from shared.outcomes import WAITS_FOR_CHOICE, Settlement, skipped, synced, unchanged
from shared.quickbooks.entities import qbo_id

# What `names.stable_suffix` puts behind a name that is taken.
_SUFFIX = re.compile(r" #(\d{1,18})$")


def sync_quickbooks_customer(deps: Deps, look: Look) -> Settlement:
    """Bring Invoiced in line with one QBO customer."""
    with deps.sessions.begin() as session:
        link = links.find_by_qbo_id(session, deps.profile.id, "Customer", look.key.record_id)
    try:
        current = deps.quickbooks.read("Customer", look.key.record_id)
    except NotFoundError:
        return _gone(deps, link)
    look.label = str(current["DisplayName"])
    if link is not None:
        return _merge(deps, link, current)
    if is_sub_customer(current):
        return skipped("A sub-customer or project in QuickBooks; only customers of their own are synced")
    if current.get("Active") is False:
        return skipped("The customer is inactive in QuickBooks and was never linked")
    known = _recognise(deps, current)
    if known is not None:
        return _link(deps, known, current, "Recognised as a customer that stands in Invoiced already.")
    customer = deps.invoiced.create_customer(to_invoiced_customer(current))
    return _link(deps, customer, current, "Created in Invoiced.")


def _merge(deps: Deps, link: Link, current: Body) -> Settlement:
    """Merge under the lease of the Invoiced customer, whose record shows the outcome too."""
    key = links.record_of(link)

    def merge(deps: Deps, look: Look) -> Settlement:
        now = current
        if settle_pending(deps, key):
            now = deps.quickbooks.read("Customer", link.qbo_id)
        # The link may have changed until the lease was ours.
        with deps.sessions.begin() as session:
            fresh = links.find_by_qbo_id(session, deps.profile.id, "Customer", link.qbo_id)
        assert fresh is not None, "links of customers are never taken away"
        try:
            customer = deps.invoiced.fetch_customer(look.invoiced_id)
        except NotFoundError:
            return skipped("Deleted in Invoiced; the customer stays in QuickBooks as it is")
        look.label = customer.number or customer.name
        return customers_to_qbo.merge(deps, fresh, customer, now)

    return look_at(deps, key, merge, take_or_wait(deps, key))


def _gone(deps: Deps, link: Link | None) -> Settlement:
    settlement = skipped("The customer no longer exists in QuickBooks: it was merged into another or deleted")
    if link is not None:
        key = links.record_of(link)
        row = take(deps, key)
        if row is not None:
            look_at(deps, key, lambda _deps, _look: settlement, row)
    return settlement


def _recognise(deps: Deps, current: Body) -> Customer | None:
    """Return the Invoiced customer for whom this QBO customer stands, None if there is none.

    Raises:
        WaitingError: it may be one that stands in Invoiced; a person has to choose.
    """
    made_from_it = deps.invoiced.find_customers(quickbooks_customer_id=qbo_id(current))
    if len(made_from_it) == 1 and not _is_linked(deps, made_from_it[0]):
        return made_from_it[0]
    name = str(current["DisplayName"])
    suffixed = _posted_under_a_suffix(deps, name)
    if suffixed is not None:
        return suffixed
    by_number = {
        found.id: found
        for number in numbers_in(name)
        for found in deps.invoiced.find_customers(number=number)
        if _tells_apart(number, found, name)
    }
    by_name = {found.id: found for found in deps.invoiced.find_customers(name=name)}
    composed = [
        found
        for found in (by_number | by_name).values()
        if names.customer_display_name(found.name, found.number) == name
    ]
    candidates = composed or list((by_number | {found.id: found for found in made_from_it}).values())
    if len(candidates) == 1 and not _is_linked(deps, candidates[0]):
        return candidates[0]
    doubtful = candidates or list(by_name.values())
    if not doubtful:
        return None
    listed = ", ".join(f"{found.name} ({found.number})" for found in doubtful[:5])
    raise WaitingError(
        f"Customer {name!r} of QuickBooks may be one that stands in Invoiced already: {listed}",
        remedy=f"To link it, give the customer in Invoiced the metadata quickbooks_customer_id = {qbo_id(current)};"
        " to keep them apart, change its name in QuickBooks.",
        waiting_for=WAITS_FOR_CHOICE,
    )


def _tells_apart(number: str, found: Customer, name: str) -> bool:
    """A number made of digits alone may stand at the end of any name: then a word of the name must agree too."""
    if not number.isdigit():
        return True
    return bool({word.casefold() for word in found.name.split()} & {word.casefold() for word in name.split()})


def _is_linked(deps: Deps, customer: Customer) -> bool:
    with deps.sessions.begin() as session:
        return bool(links.find_all(session, deps.record(Kind.CUSTOMER, customer.id)))


def _posted_under_a_suffix(deps: Deps, name: str) -> Customer | None:
    """Return the customer whom we called so ourselves because its name was taken; QuickBooks' answer was lost."""
    found = _SUFFIX.search(name)
    if found is None:
        return None
    try:
        customer = deps.invoiced.fetch_customer(found[1])
    except NotFoundError:
        return None
    composed = names.customer_display_name(customer.name, customer.number, names.stable_suffix(customer.id))
    return customer if composed == name and not _is_linked(deps, customer) else None


def _link(deps: Deps, customer: Customer, current: Body, remark: str) -> Settlement:
    """Link both under the lease of the Invoiced customer."""
    key = deps.record(Kind.CUSTOMER, customer.id)

    def link(deps: Deps, look: Look) -> Settlement:
        look.label = customer.number or customer.name
        if settle_pending(deps, key) and _is_linked(deps, customer):
            return unchanged("Linked by its own posting, whose answer came late.")
        _save_link(deps, customer, current)
        return synced(f"{remark} Invoiced customer {customer.number or customer.id}.")

    return look_at(deps, key, link, take_or_wait(deps, key))


def _save_link(deps: Deps, customer: Customer, current: Body) -> None:
    shown = str(current["DisplayName"])
    suffixes = ("", names.stable_suffix(customer.id))
    composed = {names.customer_display_name(customer.name, customer.number, suffix): suffix for suffix in suffixes}
    is_composed = shown in composed
    body, _ = to_qbo_customer(customer, display_name=shown if is_composed else None)
    currency = (current.get("CurrencyRef") or {}).get("value") or deps.profile.preferences.home_currency
    with deps.sessions.begin() as session:
        adopt(
            session,
            LinkKey(deps.record(Kind.CUSTOMER, customer.id), variant=currency),
            "Customer",
            current,
            deps.now(),
            origin="adopted" if is_composed else BORN_IN_QUICKBOOKS,
            terms={"suffix": composed.get(shown, "")},
            source=source_of(customer),
            body=body,
        )
