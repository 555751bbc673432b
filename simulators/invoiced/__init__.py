"""A simulator of Invoiced: its REST API, its totals and balances, its events and webhooks."""
