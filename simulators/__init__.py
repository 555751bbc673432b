"""Simulators of the two vendors: products of their own that import nothing of the sync."""
