"""A company, what its documents post, and what is open on its customers."""
