"""Measures of the product, each as a ratio within one run."""
