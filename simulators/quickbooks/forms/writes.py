"""The steps that every write shares: form, version, merge, references; then each entity's own rules.

Source: Intuit, "Learn REST API features" (full and sparse update, void, delete) and entity reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import HIDDEN, Company, Object
from simulators.quickbooks.forms.fields import fields_of, is_complex, read_body, without_empty

# Which entity a reference field names, where the simulator knows that entity.
REFERENCES: Mapping[str, str] = {
    "CustomerRef": "Customer",
    "ItemRef": "Item",
    **dict.fromkeys(
        (
            "IncomeAccountRef",
            "ExpenseAccountRef",
            "AssetAccountRef",
            "DepositToAccountRef",
            "ARAccountRef",
            "DiscountAccountRef",
            "AccountRef",
        ),
        "Account",
    ),
    "GroupItemRef": "Item",
    "PrefVendorRef": "Vendor",
    **dict.fromkeys(("DefaultTaxCodeRef", "SalesTaxCodeRef", "PurchaseTaxCodeRef"), "TaxCode"),
    **dict.fromkeys(("SalesTermRef", "TermRef", "DefaultTerms"), "Term"),
    "PaymentMethodRef": "PaymentMethod",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "TxnTaxCodeRef": "TaxCode",
    "TaxGroupCodeRef": "TaxCode",
    "TaxRateRef": "TaxRate",
    "AgencyRef": "TaxAgency",
}
_OF_THE_SERVER = frozenset({"Id", "SyncToken", "MetaData", "domain", "sparse", "status", "AttachableRef"})


@dataclass
class Write:
    """One create or update in hand.

    `sent` is the checked body (None: cleared by the sender), `item` what the object is about to be,
    `before` what it was. `include` holds the values of the query parameter of that name.
    """

    company: Company
    entity: str
    sent: Object
    item: Object
    before: Object | None
    include: frozenset[str] = frozenset()
    sparse: bool = False

    def touches(self, *names: str) -> bool:
        return self.before is None or any(name in self.sent for name in names)

    def reference(self, name: str) -> Object | None:
        """Return the object that a reference of this write names, if it has one."""
        reference = self.item.get(name)
        return None if reference is None else self.company.find(REFERENCES[name], reference["value"])


@dataclass(frozen=True)
class Kind:
    """What one entity adds to the common steps.

    `settle` applies the entity's rules to a write before it is kept and `after` follows it, with the
    object kept. `delete` and `void` take the object to go. `read_only` fields are ignored when sent.
    """

    entity: str
    settle: Callable[[Write], None]
    read_only: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()
    # Fields that other entities only show.
    writable: frozenset[str] = frozenset()
    after: Callable[[Write], None] | None = None
    delete: Callable[[Company, Object], None] | None = None
    void: Callable[[Company, Object], Object] | None = None
    can_create: bool = True
    can_update: bool = True
    merges: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)


def write(company: Company, kind: Kind, body: object, include: Iterable[str] = ()) -> Object:
    """Create an object, or update the one whose Id the body names; returns it as kept.

    Raises:
        Refusal: the body, its version or what it asks for is refused; the caller rolls back.
    """
    sent = read_body(kind.entity, body)
    sparse = sent.get("sparse") is True
    before = _before(company, kind, sent)
    for name in (_OF_THE_SERVER - kind.writable) | kind.read_only | (kind.create_only if before else frozenset()):
        sent.pop(name, None)
    _check_references(company, kind.entity, sent)
    item = _merged(company, kind, before, sent, sparse=sparse)
    made = Write(company, kind.entity, sent, item, before, frozenset(include), sparse)
    kind.settle(made)
    made.item = without_empty(made.item)
    if before is None:
        made.item = company.insert(kind.entity, made.item)
    else:
        made.item = company.save(kind.entity, made.item)
    if kind.after is not None:
        kind.after(made)
    return company.get(kind.entity, made.item["Id"])


def names_object(body: object) -> bool:
    """Whether a body names an existing object: clients send Id 0, "" or null for a new one."""
    return isinstance(body, dict) and str(body.get("Id") or "0") not in ("0", "")


def to_change(company: Company, entity: str, body: object) -> Object:
    """Return the object that a delete or void names, its version checked.

    Raises:
        Refusal: Id or SyncToken missing (2020), unknown (610) or stale (5010).
    """
    if not isinstance(body, dict):
        raise refusals.unsupported_operation("Operation without a JSON object is not supported.")
    if not names_object(body):
        raise refusals.missing_parameter("Id")
    item = company.get(entity, str(body["Id"]))
    check_version(item, body.get("SyncToken"))
    return item


def check_version(item: Object, token: object) -> None:
    if token is None or token == "":
        raise refusals.missing_parameter("SyncToken")
    if str(token) != item["SyncToken"]:
        raise refusals.stale_object()


def _before(company: Company, kind: Kind, sent: Object) -> Object | None:
    if not names_object(sent):
        if not kind.can_create:
            raise refusals.unsupported_operation(f"Operation create on {kind.entity} is not supported.")
        return None
    if not kind.can_update:
        raise refusals.unsupported_operation(f"Operation update on {kind.entity} is not supported.")
    before = company.get(kind.entity, sent["Id"])
    check_version(before, sent.get("SyncToken"))
    return before


def _merged(company: Company, kind: Kind, before: Object | None, sent: Object, *, sparse: bool) -> Object:
    if before is None:
        return {**kind.defaults, **_values(sent), HIDDEN: {}}
    kept = dict(before)
    if not sparse:
        stays = (_OF_THE_SERVER - kind.writable) | kind.read_only | kind.create_only | {HIDDEN}
        kept = {name: value for name, value in before.items() if name in stays}
        kept |= {name: value for name, value in kind.defaults.items() if name not in sent}
    for name, value in sent.items():
        current = kept.get(name)
        merges = kind.merges or (sparse and company.switches.sparse_merges_objects and not name.endswith("Ref"))
        if merges and isinstance(value, dict) and isinstance(current, dict):
            kept[name] = without_empty({**current, **value})
        else:
            kept[name] = value
    return kept


def _values(sent: Object) -> Object:
    return {name: value for name, value in sent.items() if value is not None}


def _check_references(company: Company, type_name: str, value: Object, path: str = "") -> None:
    """Resolve every reference of a body in place: what it names must exist and be active.

    Raises:
        Refusal: 2500, or the code of an inactive reference.
    """
    known = fields_of(type_name)
    for name, inner in value.items():
        inner_type, is_list = known[name]
        where = f"{path}{name}"
        if inner is None or not is_complex(inner_type):
            continue
        if inner_type == "ReferenceType" and not is_list:
            if name in REFERENCES and inner.get("value") not in SYSTEM_ITEMS:
                value[name] = company.refer(REFERENCES[name], inner, where)[1]
            continue
        for item in inner if is_list else [inner]:
            if isinstance(item, dict):
                _check_references(company, inner_type, item, f"{where}.")


# The items of shipping and gratuity lines, which are no Items of the company (entity reference, Invoice).
SHIPPING_ITEM, GRATUITY_ITEM = SYSTEM_ITEMS = ("SHIPPING_ITEM_ID", "GRATUITY_ITEM_ID")
