"""A simulator of QuickBooks Online: its API, its books, its OAuth 2.0 and its webhooks.

From the bottom up: `facts` and `books`, the company and its ledger; `forms`, what every write goes through;
`lists`, `tax` and `documents`, the rules of each entity; `operations`, what can be done to them; `query`, `oauth`
and `founding`, how a company begins; on top `api`, `control_routes` and `pages`, wired by `app`. setup.cfg holds
them to this order.
"""
