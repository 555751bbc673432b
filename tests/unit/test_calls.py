"""What a call to QuickBooks was for, in words."""

from typing import Any

import pytest

from administration.calls import in_words

COMPANY = "/v3/company/9130/"
BATCH = {
    "BatchItemRequest": [
        {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Acme"}},
        {"bId": "2", "operation": "update", "Invoice": {"Id": "7"}},
    ]
}


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "invoice?minorversion=75&requestid=a", {"DocNumber": "1"}, "Create invoice"),
        ("POST", "invoice?minorversion=75&requestid=a", {"Id": "12", "sparse": True}, "Update invoice 12"),
        ("POST", "invoice?minorversion=75&operation=void", {"Id": "12"}, "Void invoice 12"),
        ("POST", "payment?operation=update&include=void", {"Id": "3"}, "Void payment 3"),
        ("POST", "creditmemo?operation=delete", {"Id": "4"}, "Delete credit memo 4"),
        ("POST", "taxservice/taxcode?minorversion=75", {"TaxCode": "Invoiced"}, "Create tax code"),
        ("POST", "batch?minorversion=75", BATCH, "Create customer, Update invoice 7"),
        ("POST", "query?minorversion=75", "select * from Payment where X = '1'", "Look for payments"),
        ("GET", "customer/12?minorversion=75", None, "Read customer 12"),
        ("GET", "preferences?minorversion=75", None, ""),
    ],
)
def test_a_call_says_what_it_was_to_do(method: str, path: str, body: Any, told: str) -> None:
    assert in_words({"method": method, "path": COMPANY + path, "body": body}) == told


def test_a_call_of_which_little_was_kept_says_what_it_can() -> None:
    assert in_words(None) == ""
    assert in_words({"method": "POST", "path": COMPANY + "batch", "body": "cut"}) == "Several at once"
