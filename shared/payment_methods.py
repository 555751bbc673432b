"""How Invoiced's methods of payment are called in QBO. Pure."""

# Invoiced's words for methods that bookkeepers keep apart; any other stays without a method in QBO.
PAYMENT_METHOD_NAMES = {
    "ach": "ACH",
    "cash": "Cash",
    "check": "Check",
    "credit_card": "Credit Card",
    "direct_debit": "Direct Debit",
    "eft": "EFT",
    "paypal": "PayPal",
    "wire_transfer": "Wire Transfer",
}
