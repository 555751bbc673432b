"""Whatever can be queued is handled: every kind of record has a handler, every queue a consumer."""

from datetime import UTC, datetime

from consumer.handlers import HANDLERS
from shared.broker_connection import ConfirmedLine, Letter
from shared.messages import Kind, Message, Why, to_json
from shared.queues import BULK, LIVE
from tests.e2e.conftest import both_set_ups
from tests.e2e.product import Product
from tests.e2e.simulators import Company
from tests.patience import PATIENCE_S


def test_every_kind_of_record_has_a_handler() -> None:
    assert set(HANDLERS) == set(Kind)


@both_set_ups
def test_every_queue_is_consumed_and_what_nobody_can_parse_is_put_aside(product: Product, company: Company) -> None:
    kinds = (Kind.INVOICE, Kind.PAYMENT, Kind.CUSTOMER, Kind.QUICKBOOKS_CUSTOMER)

    def message(kind: Kind, record_id: str) -> bytes:
        return to_json(Message(company.connection_id, kind, record_id, Why.MANUAL, datetime.now(UTC))).encode()

    letters = [
        Letter(queue, body)
        for number, queue in enumerate((LIVE, BULK))
        for body in (b"not a message", b'{"kind": "nonsense"}', *(message(kind, f"90{number}") for kind in kinds))
    ]
    line = ConfirmedLine(product.set_up.broker_url, product.set_up.database.engine, timeout_s=PATIENCE_S)
    line.send(letters, timeout_s=PATIENCE_S)
    line.close()

    product.start(consumers=1)
    product.wait_until_at_rest()

    # None of these ids exists: each is skipped with its reason, and no look breaks.
    assert {(record.kind, record.record_id): record.outcome for record in product.records()} == {
        (kind.value, record_id): "skipped" for kind in kinds for record_id in ("900", "901")
    }
    assert product.status()["dead_letters"] == 4
