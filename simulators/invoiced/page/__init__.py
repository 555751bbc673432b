"""The web page: an account to look at, and to work in by hand."""
