"""One handler a kind of record: read, plan, write, remember."""

from consumer.customers_from_qbo import sync_quickbooks_customer
from consumer.handlers.customer import sync_customer
from consumer.handlers.invoice import sync_invoice
from consumer.handlers.payment import sync_payment
from consumer.handlers.preferences import sync_preferences
from consumer.references import sync_reference
from consumer.work import Handler
from shared.messages import Kind

HANDLERS: dict[Kind, Handler] = {
    Kind.INVOICE: sync_invoice,
    Kind.PAYMENT: sync_payment,
    Kind.CUSTOMER: sync_customer,
    Kind.QUICKBOOKS_CUSTOMER: sync_quickbooks_customer,
    Kind.QUICKBOOKS_PREFERENCES: sync_preferences,
    Kind.ITEM: sync_reference,
    Kind.ACCOUNT: sync_reference,
    Kind.TAX_CODE: sync_reference,
    Kind.PAYMENT_METHOD: sync_reference,
}
