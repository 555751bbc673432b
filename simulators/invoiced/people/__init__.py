"""Customers, the people at them, and two customers made one."""
