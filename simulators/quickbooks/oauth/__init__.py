"""Intuit's OAuth 2.0: tokens, their endpoints and the consent page."""
