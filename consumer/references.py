"""Brings what a document refers to into QuickBooks: customer, items, accounts, tax code, payment method.

Each is created on first use under a lease of its own and remembered by its link. What does not depend on each other
goes in one batch. A name that is taken (6240) is adopted where the posting rules allow it.
"""

from collections.abc import Callable, Sequence

from consumer import customers_to_qbo, look_for, remember
from consumer.carry_out import carry_out, carry_out_batch, settle_pending
from consumer.deps import Deps, Look
from consumer.mapping import lists
from consumer.mapping.payment import payment_method_name
from consumer.mapping.refs import Body, Needs, Refs
from consumer.wanted import Wanted
from consumer.work import in_work, look_at, take
from consumer.writes import Operation, Write
from shared.db import links, records
from shared.db.links import LinkKey
from shared.db.models import Link
from shared.errors import DuplicateNameError, RejectedError, SyncError, WaitingError
from shared.first_use import TAX_CODE_ID, TAX_CODE_NAME
from shared.messages import Kind
from shared.outcomes import SETTLED_WELL, Outcome, Settlement, skipped, synced, unchanged, waits_with
from shared.quickbooks.entities import ref_value

TAX_AGENCY = "agency"
BAD_DEBT = "bad_debt"


def bring(deps: Deps, needs: Needs) -> Refs:
    """Return the QBO ids of everything that a document needs, creating what is missing.

    Raises:
        WaitingError: something is in work elsewhere, or could not be created; names it.
    """
    refs = find_refs(deps, needs)
    first, second = _missing(deps, needs, refs)
    _create_all(deps, first)
    _create_all(deps, second)
    return find_refs(deps, needs) if first or second else refs


def _missing(deps: Deps, needs: Needs, refs: Refs) -> tuple[list[Wanted], list[Wanted]]:
    """Return what has to be created first, and what refers to something of that and so comes second."""
    first: list[Wanted] = [
        customers_to_qbo.wanted(deps, customer)
        for customer in sorted(needs.customers)
        if customer not in refs.customers
    ]
    second: list[Wanted] = []
    purposes = {purpose for purpose in needs.accounts if purpose not in refs.accounts}
    for key, name in sorted(needs.items.items()):
        if key in refs.items:
            continue
        purpose = lists.account_of_item(name)
        has_account = _account_id(deps, purpose) is not None
        (first if has_account else second).append(_item(deps, key, name))
        if not has_account:
            purposes.add(purpose)
    first += [_account(deps, purpose) for purpose in sorted(purposes)]
    if needs.tax_code and refs.tax_code is None:
        has_agency = _linked(deps, Kind.TAX_CODE, TAX_AGENCY) is not None
        (first if has_agency else second).append(_tax_code(deps))
        if not has_agency:
            first.append(_tax_agency(deps))
    if needs.payment_method is not None and refs.payment_method is None:
        first.append(_payment_method(deps, needs.payment_method))
    return first, second


def find_refs(deps: Deps, needs: Needs) -> Refs:
    """Return what is known already of a document's needs; only our own database is asked."""
    with deps.sessions() as session:
        customers = links.find_of_kind(
            session, deps.profile.id, Kind.CUSTOMER, [str(customer) for customer in needs.customers]
        )
        items = links.find_of_kind(session, deps.profile.id, Kind.ITEM, list(needs.items))
    currency = deps.profile.preferences.home_currency
    accounts = {purpose: _account_id(deps, purpose) for purpose in needs.accounts}
    method = _linked(deps, Kind.PAYMENT_METHOD, needs.payment_method) if needs.payment_method else None
    tax_code = _linked(deps, Kind.TAX_CODE, TAX_CODE_ID) if needs.tax_code else None
    return Refs(
        customers={int(link.record_id): link.qbo_id for link in customers if link.variant == currency},
        items={link.record_id: link.qbo_id for link in items},
        accounts={purpose: account for purpose, account in accounts.items() if account is not None},
        tax_code=tax_code.qbo_id if tax_code else None,
        payment_method=method.qbo_id if method else None,
    )


def sync_reference(deps: Deps, look: Look) -> Settlement:
    """Create an item, account, tax code or payment method that could not be created when it was first needed."""
    settle_pending(deps, look.key)
    name = look.row.label
    if name is None:
        return skipped("Nobody has said yet what it is called")
    match look.key.kind, look.key.record_id:
        case Kind.ITEM, key:
            wanted = _item(deps, key, name)
        case Kind.ACCOUNT, purpose:
            wanted = _account(deps, purpose)
        case Kind.TAX_CODE, record_id:
            wanted = _tax_agency(deps) if record_id == TAX_AGENCY else _tax_code(deps)
        case _:
            wanted = _payment_method(deps, look.key.record_id)
    return create(deps, wanted)


def create(deps: Deps, wanted: Wanted) -> Settlement:
    """Make one wanted thing stand in QuickBooks; its record is leased to the caller."""
    plan = _plan(deps, wanted)
    result = _carry_out_one(deps, wanted, plan) if isinstance(plan, Write) else plan
    return _conclude(deps, wanted, plan, result)


def _create_all(deps: Deps, wanted: Sequence[Wanted]) -> None:
    """Create what is wanted, in one batch where that saves calls.

    Raises:
        WaitingError: names the first thing that does not stand in QuickBooks afterwards.
    """
    obstacles: list[WaitingError] = []
    leased: list[tuple[Wanted, Look]] = []
    for one in wanted:
        obstacle = _known_obstacle(deps, one)
        row = None if obstacle else take(deps, one.key, one.name)
        if row is not None:
            leased.append((one, Look(one.key, row)))
        else:
            obstacles.append(obstacle or in_work(deps, one.key, one.name))
    plans = [_plan(deps, one) for one, _ in leased]
    results = _carry_out_all(deps, [one for one, _ in leased], plans)
    for (one, look), plan, result in zip(leased, plans, results, strict=True):

        def conclude(
            deps: Deps, look: Look, one: Wanted = one, plan: Plan = plan, result: Result = result
        ) -> Settlement:
            look.label = one.name
            if one.learn is not None:
                one.learn(look)
            return _conclude(deps, one, plan, result)

        settlement = look_at(deps, one.key, conclude, look.row)
        if settlement.outcome not in SETTLED_WELL:
            obstacles.append(_waits_for(one, settlement))
    if obstacles:
        raise obstacles[0]


Plan = Write | Link | SyncError
Result = Link | SyncError


def _plan(deps: Deps, wanted: Wanted) -> Plan:
    """Return the write that is needed, the link if it stands already, or why it cannot be planned."""
    try:
        settle_pending(deps, wanted.key)
        with deps.sessions() as session:
            link = links.find(session, wanted.link)
        return link if link is not None else wanted.make()
    except SyncError as error:
        return error


def _carry_out_all(deps: Deps, wanted: Sequence[Wanted], plans: Sequence[Plan]) -> list[Result]:
    results: list[Result | None] = [None if isinstance(plan, Write) else plan for plan in plans]
    batchable = [
        (position, plan)
        for position, plan in enumerate(plans)
        if isinstance(plan, Write) and plan.entity != "TaxService"
    ]
    if len(batchable) > 1 and deps.batch_is_free():
        for start in range(0, len(batchable), 30):
            part = batchable[start : start + 30]
            answers: Sequence[Link | SyncError]
            try:
                answers = carry_out_batch(deps, [(wanted[position].key, plan) for position, plan in part])
            except SyncError as error:
                answers = [error] * len(part)
            for (position, _), answer in zip(part, answers, strict=True):
                results[position] = answer
    for position, plan in enumerate(plans):
        if results[position] is None and isinstance(plan, Write):
            results[position] = _carry_out_one(deps, wanted[position], plan)
    return [result for result in results if result is not None]


def _carry_out_one(deps: Deps, wanted: Wanted, write: Write) -> Result:
    try:
        link = carry_out(deps, wanted.key, write)
    except SyncError as error:
        return error
    assert link is not None, "a create leaves a link"
    return link


def _conclude(deps: Deps, wanted: Wanted, plan: Plan, result: Result) -> Settlement:
    if isinstance(result, DuplicateNameError) and isinstance(plan, Write):
        link = wanted.adopt(plan, result)
        return synced(f"Uses {link.qbo_entity} {link.qbo_id}, which stood in QuickBooks already.")
    if isinstance(result, SyncError):
        raise result
    return synced() if isinstance(plan, Write) else unchanged()


def _known_obstacle(deps: Deps, wanted: Wanted) -> WaitingError | None:
    """What failed before fails again until a person did something about it."""
    with deps.sessions() as session:
        row = records.find(session, wanted.key)
    if row is None or row.outcome != Outcome.FAILED or row.asked_by_person or deps.forced:
        return None
    return _waits_for(wanted, Settlement(Outcome.FAILED, cause=row.cause or "", remedy=row.remedy or ""))


def _waits_for(wanted: Wanted, settlement: Settlement) -> WaitingError:
    return WaitingError(
        f"Waits for {wanted.key.kind.value} {wanted.name}: {settlement.cause}",
        remedy=settlement.remedy,
        waiting_for=waits_with(settlement) or wanted.key.name,
    )


def _linked(deps: Deps, kind: Kind, record_id: str) -> Link | None:
    with deps.sessions() as session:
        return links.find(session, LinkKey(deps.record(kind, record_id)))


def _account_id(deps: Deps, purpose: str) -> str | None:
    chosen: str | None = getattr(deps.profile.settings, f"{purpose}_account")
    if chosen is not None:
        return chosen
    link = _linked(deps, Kind.ACCOUNT, purpose)
    return link.qbo_id if link else None


def _required_account(deps: Deps, purpose: str) -> str:
    account = _account_id(deps, purpose)
    if account is None:
        raise WaitingError(
            f"Waits for the {purpose.replace('_', ' ')} account",
            waiting_for=deps.record(Kind.ACCOUNT, purpose).name,
        )
    return account


def _wanted(
    deps: Deps,
    kind: Kind,
    record_id: str,
    name: str,
    entity: str,
    body: Callable[[], Body],
    why_not: Callable[[Body], str | None] = lambda found: None,
    found_as: str = "",
) -> Wanted:
    """Return a list entity that is wanted. `why_not` says why one that holds its name already cannot be used."""
    link = LinkKey(deps.record(kind, record_id))

    def make() -> Write:
        return Write(link, entity, Operation.CREATE, body())

    def adopt(write: Write, clash: DuplicateNameError) -> Link:
        held_by = found_as or entity
        found = look_for.find_holder(deps, held_by, None if found_as else clash.holder_id, name)
        reason = why_not(found) if found else "the name belongs to something of another kind"
        if found is None or reason:
            raise RejectedError(
                f"The name {name!r} is taken in QuickBooks and cannot be used: {reason}",
                remedy=f"Rename what holds the name {name!r} in QuickBooks, or make it usable; then sync again.",
                topic="name-taken",
                code=clash.code,
                detail=clash.detail,
            ) from clash
        with deps.sessions.begin() as session:
            return remember.adopt(session, link, held_by, found, deps.now())

    return Wanted(link.record, link, name, make, adopt)


def _item(deps: Deps, key: str, name: str) -> Wanted:
    def body() -> Body:
        return lists.to_qbo_item(name, _required_account(deps, lists.account_of_item(name)))

    def why_not(found: Body) -> str | None:
        purpose = lists.account_of_item(name)
        if purpose == BAD_DEBT and ref_value(found, "IncomeAccountRef") != _account_id(deps, BAD_DEBT):
            return "it is not on the bad-debt account"
        return lists.can_adopt_item(found, name)

    return _wanted(deps, Kind.ITEM, key, name, "Item", body, why_not)


def _account(deps: Deps, purpose: str) -> Wanted:
    body = lists.to_qbo_account(purpose)
    return _wanted(
        deps,
        Kind.ACCOUNT,
        purpose,
        str(body["Name"]),
        "Account",
        lambda: body,
        lambda found: lists.can_adopt_account(found, purpose),
    )


def _tax_agency(deps: Deps) -> Wanted:
    body = lists.to_qbo_tax_agency()
    return _wanted(deps, Kind.TAX_CODE, TAX_AGENCY, str(body["DisplayName"]), "TaxAgency", lambda: body)


def _tax_code(deps: Deps) -> Wanted:
    def body() -> Body:
        agency = _linked(deps, Kind.TAX_CODE, TAX_AGENCY)
        if agency is None:
            raise WaitingError("Waits for the tax agency", waiting_for=deps.record(Kind.TAX_CODE, TAX_AGENCY).name)
        return lists.to_qbo_tax_code(agency.qbo_id)

    return _wanted(deps, Kind.TAX_CODE, TAX_CODE_ID, TAX_CODE_NAME, "TaxService", body, found_as="TaxCode")


def _payment_method(deps: Deps, method: str) -> Wanted:
    name = payment_method_name(method) or method
    return _wanted(deps, Kind.PAYMENT_METHOD, method, name, "PaymentMethod", lambda: lists.to_qbo_payment_method(name))
