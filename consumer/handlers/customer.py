"""A customer of Invoiced: created in QuickBooks with its first invoice or payment, updated afterwards."""

from consumer import customers_to_qbo, references
from consumer.carry_out import settle_pending
from consumer.deps import Deps, Look
from consumer.learned import learn_customer
from consumer.work import request_looks
from shared.db import links, records
from shared.errors import NotFoundError
from shared.outcomes import Outcome, Settlement, skipped, unchanged


def sync_customer(deps: Deps, look: Look) -> Settlement:
    """Bring QuickBooks in line with one customer of Invoiced."""
    settle_pending(deps, look.key)
    with deps.sessions() as session:
        linked = links.find_all(session, look.key)
        is_wanted = records.is_waited_for(session, look.key)
    if not linked and is_wanted:
        wanted = customers_to_qbo.wanted(deps, look.invoiced_id)
        settlement = references.create(deps, wanted)
        if wanted.learn is not None:
            wanted.learn(look)
        return settlement
    if not deps.profile.settings.customers.to_quickbooks:
        return skipped(customers_to_qbo.SWITCHED_OFF, "customers")
    try:
        customer = deps.invoiced.fetch_customer(look.invoiced_id)
    except NotFoundError:
        # Where it was merged away its documents are another customer's now, and nothing else need tell of that.
        with deps.sessions() as session:
            documents = records.find_of_customer(session, look.key.connection_id, look.invoiced_id)
        request_looks(deps, documents)
        return skipped("Deleted in Invoiced; what stands in QuickBooks stays as it is")
    learn_customer(look, customer)
    if not linked:
        source = customers_to_qbo.quickbooks_customer_of(deps, customer)
        if source is not None:
            # A person has chosen, or it was made a moment ago: the QBO customer's own look links them.
            request_looks(deps, [source])
        return skipped("No invoice or payment of this customer was posted yet")
    settlements = [customers_to_qbo.update(deps, link, customer) for link in linked]
    written = [settlement for settlement in settlements if settlement.outcome is not Outcome.UNCHANGED]
    return written[0] if written else unchanged()
