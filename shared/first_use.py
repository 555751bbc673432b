"""What is created in QBO on first use where the settings name nothing, and under which records. Pure."""

DEFAULT_ITEM_NAME = "Invoiced"
# What `item_key` makes of it.
DEFAULT_ITEM_KEY = "invoiced"
TAX_CODE_NAME = "Invoiced"
TAX_CODE_ID = "code"
# By purpose.
ACCOUNT_NAMES = {
    "income": "Invoiced Sales",
    "discount": "Invoiced Discounts",
    "bad_debt": "Invoiced Bad Debt",
}
