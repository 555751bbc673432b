"""The web page: the companies, and of each its customers, documents and accounts, for a person to look at.

It reads and never writes, needs no sign-in, and is not noted in the request log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from flask import Blueprint, Response, abort, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from simulators.fault_hooks import CONTROL
from simulators.json_numbers import write_json
from simulators.quickbooks.books.company import Company, Object, name_of
from simulators.quickbooks.books.ledger import books, journal, trial_balance
from simulators.quickbooks.operations import READABLE
from simulators.quickbooks.pages.rows import (
    DOCUMENTS,
    ONE,
    DocumentRow,
    document_row,
    facts,
    lines_of_document,
    linked_document,
    money,
)
from simulators.quickbooks.shown import shown

if TYPE_CHECKING:
    from simulators.quickbooks.app import Simulator

PAGE_ROWS = 50
_NEWEST = 12
_SUMMED = 10_000
_LISTS = {"Customer": "Customers", "Item": "Items", "Vendor": "Vendors", "TaxCode": "Tax codes"}
_ROOT = f"{CONTROL}/pages/<realm>"


def page_routes(simulator: Simulator) -> Blueprint:
    routes = Blueprint("pages", __name__, template_folder="templates")
    routes.add_app_template_filter(money, "money")

    def company_of(realm: str) -> Company:
        company = simulator.company(realm)
        if company is None:
            abort(404)
        return company

    @routes.get("/")
    def companies() -> str:
        return render_template("companies.html", companies=[_summary(one) for one in simulator.companies.values()])

    @routes.get(_ROOT)
    def overview(realm: str) -> str:
        company = company_of(realm)
        with company.kept.hold():
            newest = [row for entity in DOCUMENTS for row in _documents(company, entity, _newest_ids(company, entity))]
            newest.sort(key=lambda row: int(row.id), reverse=True)
            # The sums go over every document, and nothing else is served meanwhile.
            few = sum(company.kept.count(entity) for entity in DOCUMENTS) <= _SUMMED
            sums = books(company) if few else None
            return _render(company, "overview.html", books=sums, documents=newest[:_NEWEST])

    @routes.get(f"{_ROOT}/accounts")
    def accounts(realm: str) -> str:
        company = company_of(realm)
        with company.kept.hold():
            return _render(company, "accounts.html", trial=trial_balance(company))

    @routes.get(f"{_ROOT}/<entity>")
    def listed(realm: str, entity: str) -> str:
        company = company_of(realm)
        if entity not in DOCUMENTS and entity not in _LISTS:
            abort(404)
        number = max(request.args.get("page", 1, type=int), 1)
        with company.kept.hold():
            ids = company.kept.ids(entity)[::-1]
            page = ids[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
            around = {"number": number, "last": max((len(ids) - 1) // PAGE_ROWS + 1, 1), "count": len(ids)}
            if entity in DOCUMENTS:
                documents = _documents(company, entity, page)
                return _render(company, "documents.html", entity=entity, documents=documents, page=around)
            rows = [_entry(entity, company.get(entity, id)) for id in page]
            return _render(company, "entries.html", entity=entity, rows=rows, page=around)

    @routes.get(f"{_ROOT}/<entity>/<id>")
    def one(realm: str, entity: str, id: str) -> str:
        company = company_of(realm)
        with company.kept.hold():
            item = company.find(entity, id) if entity in READABLE else None
            if item is None:
                abort(404)
            raw = msgspec.json.format(write_json(shown(company, entity, item))).decode()
            if entity in DOCUMENTS:
                return _render(
                    company,
                    "document.html",
                    document=document_row(company, entity, item),
                    lines=lines_of_document(company, item),
                    facts=facts(item),
                    journal=journal(company, item),
                    links=[linked_document(link) for link in item.get("LinkedTxn", [])],
                    raw=raw,
                )
            documents = _of_customer(company, id) if entity == "Customer" else []
            return _render(company, "entry.html", entity=entity, item=item, documents=documents, raw=raw)

    @routes.errorhandler(HTTPException)
    def missing(error: HTTPException) -> Response:
        return make_response(render_template("missing.html"), error.code)

    return routes


def _render(company: Company, template: str, **values: Any) -> str:
    """A page of one company, with its name and what it has above it."""
    present = [(entity, title) for entity, title in DOCUMENTS.items() if company.kept.count(entity)]
    sections = [("Customer", _LISTS["Customer"]), *present, ("Item", _LISTS["Item"])]
    return render_template(
        template, company=_summary(company), sections=sections, titles={**_LISTS, **DOCUMENTS}, ones=ONE, **values
    )


def _summary(company: Company) -> dict[str, Any]:
    with company.kept.hold():
        info = company.get("CompanyInfo", "1")
        counts = [
            f"{company.kept.count(entity):,} {title.lower()}"
            for entity, title in (("Customer", "Customers"), *DOCUMENTS.items())
            if company.kept.count(entity)
        ]
        return {
            "realm": company.realm,
            "name": info["CompanyName"],
            "country": info["Country"],
            "currency": company.home_currency,
            "counts": ", ".join(counts),
        }


def _newest_ids(company: Company, entity: str) -> list[str]:
    return company.kept.ids(entity)[: -_NEWEST - 1 : -1]


def _documents(company: Company, entity: str, ids: list[str]) -> list[DocumentRow]:
    return [document_row(company, entity, company.get(entity, id)) for id in ids]


def _of_customer(company: Company, id: str) -> list[DocumentRow]:
    """The newest documents of a customer, of the kinds that are found by customer."""
    found: list[DocumentRow] = []
    for entity in ("Invoice", "Payment", "CreditMemo"):
        ids = company.kept.find_ids(entity, "customer", id)
        found.extend(_documents(company, entity, ids[: -PAGE_ROWS - 1 : -1]))
    return sorted(found, key=lambda row: (row.date, int(row.id)), reverse=True)[:PAGE_ROWS]


def _entry(entity: str, item: Object) -> dict[str, Any]:
    """A row of a list: what it is called, a word beside it, a figure."""
    email = (item.get("PrimaryEmailAddr") or {}).get("Address")
    figure = item.get("Balance", item.get("UnitPrice"))
    return {
        "id": item["Id"],
        "name": name_of(entity, item),
        "detail": email or item.get("Description") or item.get("Type") or "",
        "figure": money(figure) if figure else "",
        "active": item.get("Active", True),
    }
