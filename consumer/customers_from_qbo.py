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
from consumer.work import look_at, take_or_wait
from shared import choices
from shared.choices import Answer, Choice
from shared.db import links
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.errors import NotFoundError, WaitingError
from shared.invoiced.entities import Customer
from shared.messages import Kind
from shared.outcomes import WAITS_FOR_CHOICE, Outcome, Settlement, skipped, synced, unchanged
from shared.quickbooks.entities import qbo_id
from shared.settings import Matching

# What `names.stable_suffix` puts behind a name that is taken.
_SUFFIX = re.compile(r" #(\d{1,18})$")


def sync_quickbooks_customer(deps: Deps, look: Look) -> Settlement:
    """Bring Invoiced in line with one QBO customer."""
    with deps.sessions() as session:
        link = links.find_by_qbo_id(session, deps.profile.id, "Customer", look.key.record_id)
    choice = choices.parse(look.row.choice)
    if not deps.profile.settings.customers.from_quickbooks:
        return skipped("Customers are not taken from QuickBooks, as the settings say", "customers")
    try:
        current = deps.quickbooks.read("Customer", look.key.record_id)
    except NotFoundError:
        return _gone(deps, look, link, choice)
    look.label = str(current["DisplayName"])
    if link is not None:
        return _merge(deps, link, current)
    if is_sub_customer(current):
        return skipped("A sub-customer or project in QuickBooks; only customers of their own are synced")
    if current.get("Active") is False:
        return skipped("The customer is inactive in QuickBooks and was never linked")
    if choice is not None and choice.answer is Answer.LEAVE:
        return skipped("Stays in QuickBooks alone, as somebody chose")
    if choice is not None and choice.answer is Answer.LINK:
        return _link(deps, _chosen(deps, current, choice), current, "chosen")
    wants_new = choice is not None and choice.answer is Answer.CREATE
    known = _made_from(deps, current) if wants_new else _recognise(deps, current)
    if known is not None:
        return _link(deps, known, current, "recognised")
    customer = deps.invoiced.create_customer(to_invoiced_customer(current))
    return _link(deps, customer, current, "created")


def _merge(deps: Deps, link: Link, current: Body) -> Settlement:
    """Merge under the lease of the Invoiced customer, whose record shows the outcome too."""
    key = links.record_of(link)

    def merge(deps: Deps, look: Look) -> Settlement:
        now = current
        if settle_pending(deps, key):
            now = deps.quickbooks.read("Customer", link.qbo_id)
        # The link may have changed until the lease was ours.
        with deps.sessions() as session:
            fresh = links.find_by_qbo_id(session, deps.profile.id, "Customer", link.qbo_id)
        assert fresh is not None, "links of customers are never taken away"
        try:
            customer = deps.invoiced.fetch_customer(look.invoiced_id)
        except NotFoundError:
            return skipped("Deleted in Invoiced; the customer stays in QuickBooks as it is")
        look.label = customer.number or customer.name
        return customers_to_qbo.merge(deps, fresh, customer, now)

    return look_at(deps, key, merge, take_or_wait(deps, key))


def _gone(deps: Deps, look: Look, link: Link | None, choice: Choice | None) -> Settlement:
    """A customer that was merged into another, or deleted: what was posted under it is the survivor's now.

    QuickBooks does not tell which one that is. Where it matters, a person says so.
    """
    gone = "The customer no longer exists in QuickBooks: it was merged into another or deleted"
    if link is None or (choice is not None and choice.answer is Answer.LEAVE):
        return skipped(gone)
    if choice is not None and choice.answer is Answer.SURVIVOR and choice.named is not None:
        return _move(deps, look, link, choice.named)
    customer = (link.source or {}).get("name") or f"#{link.record_id}"
    raise WaitingError(
        f"{gone}; it stood for {customer} of Invoiced",
        remedy="Say which customer of QuickBooks it was merged into, or leave it as it is.",
        waiting_for=WAITS_FOR_CHOICE,
    )


def _move(deps: Deps, look: Look, link: Link, survivor_id: str) -> Settlement:
    """Let the survivor of a merge in QuickBooks stand for the Invoiced customer of the one that is gone."""
    try:
        survivor = deps.quickbooks.read("Customer", survivor_id)
    except NotFoundError as error:
        raise _choose_again(f"Customer {survivor_id} does not exist in QuickBooks") from error
    if is_sub_customer(survivor) or survivor.get("Active") is False:
        raise _choose_again(f"Customer {survivor['DisplayName']} is inactive in QuickBooks, or a sub-customer")
    key = links.record_of(link)

    def move(deps: Deps, look: Look) -> Settlement:
        settle_pending(deps, key)
        customer = _find_in_invoiced(deps, look.invoiced_id)
        if customer is None:
            # Merged there too: its documents are another customer's, who has one of QuickBooks already.
            return synced(f"Its documents are those of {survivor['DisplayName']}, into which it was merged.")
        with deps.sessions() as session:
            taken = links.find_by_qbo_id(session, deps.profile.id, "Customer", survivor_id)
        if taken is not None and _find_in_invoiced(deps, int(taken.record_id)) is not None:
            raise WaitingError(
                f"{survivor['DisplayName']} stands for customer {taken.record_id} of Invoiced already",
                remedy="Merge both customers in Invoiced too; then choose the same again on the page Customers.",
                waiting_for=WAITS_FOR_CHOICE,
            )
        if taken is not None:
            # Both were merged, the other way round in each system.
            with deps.sessions.begin() as session:
                links.delete(session, links.key_of(taken))
        look.label = customer.number or customer.name
        _save_link(deps, customer, survivor, "chosen", variant=link.variant)
        return synced(f"Stands for {survivor['DisplayName']} of QuickBooks, into which its customer was merged.")

    settlement = look_at(deps, key, move, take_or_wait(deps, key))
    # What failed because the former customer is gone can go on.
    look.releases = settlement.outcome is Outcome.SYNCED
    return settlement


def _find_in_invoiced(deps: Deps, customer_id: int) -> Customer | None:
    try:
        return deps.invoiced.fetch_customer(customer_id)
    except NotFoundError:
        return None


def _chosen(deps: Deps, current: Body, choice: Choice) -> Customer:
    """Return the customer of Invoiced that a person chose.

    Raises:
        WaitingError: it cannot be linked (any more); a person has to choose again.
    """
    try:
        customer = deps.invoiced.fetch_customer(choice.named or "")
    except NotFoundError as error:
        raise _choose_again(f"Customer {choice.named} does not exist in Invoiced (any more)") from error
    if _is_linked(deps, customer):
        raise _choose_again(f"{customer.name} of Invoiced stands for another customer of QuickBooks already")
    return customer


def _choose_again(cause: str) -> WaitingError:
    return WaitingError(cause, remedy="Choose again on the page Customers.", waiting_for=WAITS_FOR_CHOICE)


def _recognise(deps: Deps, current: Body) -> Customer | None:
    """Return the Invoiced customer for whom this QBO customer stands, None if there is none.

    Raises:
        WaitingError: it may be one that stands in Invoiced; a person has to choose.
    """
    made_from_it = deps.invoiced.find_customers(quickbooks_customer_id=qbo_id(current))
    name = str(current["DisplayName"])
    if len(made_from_it) == 1 and _bears_its_name(made_from_it[0], current) and not _is_linked(deps, made_from_it[0]):
        return made_from_it[0]
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
    candidates = composed or list(by_number.values())
    is_by_itself = deps.profile.settings.customer_matching is not Matching.NEVER
    if is_by_itself and len(candidates) == 1 and not _is_linked(deps, candidates[0]):
        return candidates[0]
    doubtful = candidates or list((by_name | {found.id: found for found in made_from_it}).values())
    if is_by_itself and not doubtful:
        return None
    listed = ", ".join(f"{found.name} ({found.number})" for found in doubtful[:5])
    raise WaitingError(
        f"Customer {name!r} of QuickBooks may be one that stands in Invoiced already: {listed}"
        if doubtful
        else f"Customer {name!r} of QuickBooks seems to be new, and no customers are matched automatically",
        remedy="Choose on the page Customers which one it is, or that it is a new one.",
        waiting_for=WAITS_FOR_CHOICE,
        candidates=[{"id": found.id, "name": found.name, "number": found.number} for found in doubtful[:20]],
    )


def _made_from(deps: Deps, current: Body) -> Customer | None:
    """Return the customer that was created from this one before, its answer having been lost; None if there is none."""
    made = deps.invoiced.find_customers(quickbooks_customer_id=qbo_id(current))
    named = (customer for customer in made if _bears_its_name(customer, current))
    return next((customer for customer in named if not _is_linked(deps, customer)), None)


def _bears_its_name(customer: Customer, current: Body) -> bool:
    """Tell whether a customer that names this QBO customer's id is called like it. The id alone proves nothing: it may
    be from another QuickBooks company, with which the Invoiced account was synced before."""
    shown = str(current["DisplayName"])
    composed = names.customer_display_name(customer.name, customer.number)
    return shown == composed or customer.name == to_invoiced_customer(current).get("name")


def _tells_apart(number: str, found: Customer, name: str) -> bool:
    """A number made of digits alone may stand at the end of any name: then a word of the name must agree too."""
    if not number.isdigit():
        return True
    return bool({word.casefold() for word in found.name.split()} & {word.casefold() for word in name.split()})


def _is_linked(deps: Deps, customer: Customer) -> bool:
    with deps.sessions() as session:
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


_REMARKS = {
    "recognised": "Recognised as a customer that stands in Invoiced already.",
    "chosen": "Linked as somebody chose.",
    "created": "Created in Invoiced.",
}


def _link(deps: Deps, customer: Customer, current: Body, how: str) -> Settlement:
    """Link both under the lease of the Invoiced customer; `how` (a key of `_REMARKS`) says how they came together."""
    key = deps.record(Kind.CUSTOMER, customer.id)

    def link(deps: Deps, look: Look) -> Settlement:
        look.label = customer.number or customer.name
        settle_pending(deps, key)
        if _is_linked(deps, customer):
            return unchanged("Linked by its own posting meanwhile.")
        _save_link(deps, customer, current, how)
        return synced(f"{_REMARKS[how]} Invoiced customer {customer.number or customer.id}.")

    return look_at(deps, key, link, take_or_wait(deps, key))


def _save_link(deps: Deps, customer: Customer, current: Body, how: str, variant: str | None = None) -> None:
    shown = str(current["DisplayName"])
    suffixes = ("", names.stable_suffix(customer.id))
    composed = {names.customer_display_name(customer.name, customer.number, suffix): suffix for suffix in suffixes}
    is_composed = shown in composed
    body, _ = to_qbo_customer(customer, display_name=shown if is_composed else None)
    currency = (current.get("CurrencyRef") or {}).get("value") or deps.profile.preferences.home_currency
    with deps.sessions.begin() as session:
        adopt(
            session,
            LinkKey(deps.record(Kind.CUSTOMER, customer.id), variant=variant or currency),
            "Customer",
            current,
            deps.now(),
            origin="adopted" if is_composed else BORN_IN_QUICKBOOKS,
            terms={"suffix": composed.get(shown, ""), "how": how},
            source=source_of(customer),
            body=body,
        )
