"""Intuit's Python clients, pointed at a running simulator by their own settings."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks

from tests.simulators.quickbooks_rig import Books


@contextmanager
def auth_client(books: Books) -> Iterator[AuthClient]:
    """An intuit-oauth client of the app, not yet connected to a company."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        patch.setenv("NO_PROXY", "*")
        discovery = f"{books.url}/.well-known/openid_sandbox_configuration/"
        client = AuthClient(*books.client, "http://localhost/callback", discovery)
        yield client
        client.close()


@contextmanager
def quickbooks_client(books: Books, auth: AuthClient, **options: Any) -> Iterator[Any]:
    """A python-quickbooks client of the company, with a fresh access token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuickBooks, "api_url_v3", f"{books.url}/v3")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = QuickBooks(
                auth_client=auth,
                refresh_token=books.credentials()["refresh_token"],
                company_id=books.realm,
                minorversion=75,
                **options,
            )
        yield client
        client.session.close()
