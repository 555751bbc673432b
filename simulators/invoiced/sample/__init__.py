"""The sample company that a new account is furnished with."""
