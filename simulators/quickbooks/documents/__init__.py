"""Transactions, each with its rules, and what hangs on them: numbers, links, attachments, print."""
