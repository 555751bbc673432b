"""Invoices and credit notes: what stands in them, what they add up to, and what is still open."""
