"""A clerk who does random things with all kinds of documents; what the books refuse changes nothing."""

from __future__ import annotations

from decimal import Decimal

from tests.simulators.quickbooks_rig import Books, Object, applied, discount, line, version

DOCUMENTS = (
    "Invoice",
    "CreditMemo",
    "Payment",
    "SalesReceipt",
    "RefundReceipt",
    "Estimate",
    "Purchase",
    "JournalEntry",
    "Deposit",
)
OPERATIONS = ("create", "create", "settle", "settle", "sparse", "full", "relink", "void", "delete")
Found = dict[tuple[str, str], Object]
_RECEIVABLE, _MONEY = "Accounts Receivable (A/R)", ("Checking", "Undeposited Funds")


def everything(books: Books) -> Found:
    """(entity, id) → every document of a company."""
    return {
        (entity, one["Id"]): one
        for entity in DOCUMENTS
        for one in books.control("GET", f"companies/{books.realm}/objects/{entity}")
    }


class Clerk:
    """Works for a few customers, one of which pays in euros."""

    def __init__(self, books: Books, name: str, item: Object, accounts: dict[str, str]) -> None:
        self.books, self.item, self.accounts = books, item, accounts
        first = books.customer(f"{name} first")
        child = books.customer(f"{name} child", Job=True, ParentRef={"value": first["Id"]})
        abroad = books.customer(f"{name} abroad", CurrencyRef={"value": "EUR"})
        self.customers = [first, child, abroad]

    def do(self, operation: str, entity: str, amount: Decimal, picks: tuple[int, int], found: Found) -> None:
        """Take one step; `picks` chooses among what there is.

        Raises:
            RefusedError: the books refuse it.
        """
        self.pick, self.other = picks
        write = self.books.write
        if operation not in ("create", "settle"):
            entity, chosen = self.choose("Payment" if operation == "relink" else entity, found)
        match operation:
            case "create":
                write(entity, self.body(entity, amount, found))
            case "settle":
                write("Payment", self.settlement(amount, found))
            case "relink":
                write("Payment", version(chosen, sparse=True, Line=self.settlement(amount, found)["Line"]))
            case "sparse":
                body = self.body(entity, amount, found)
                part = {name: body[name] for name in ("Line", "ExchangeRate", "TotalAmt") if name in body}
                write(entity, version(chosen, sparse=True, **part))
            case "full":
                write(entity, version(chosen, **self.body(entity, amount, found)))
            case "void" if entity in ("Payment", "SalesReceipt"):
                write(entity, version(chosen, sparse=True), operation="update", include="void")
            case _:
                write(entity, version(chosen), operation=operation)

    def choose(self, entity: str, found: Found) -> tuple[str, Object]:
        """A document of that entity, or of another where there is none."""
        keys = [key for key in found if key[0] == entity] or list(found)
        key = keys[self.pick % len(keys)] if keys else (entity, "999999")
        return key[0], found.get(key, {"Id": "999999", "SyncToken": "0"})

    def customer(self) -> tuple[Object, Object]:
        """A customer's reference, and the currency and rate that its documents then carry."""
        customer = self.customers[self.pick % len(self.customers)]
        terms: Object = {"CurrencyRef": {"value": customer["CurrencyRef"]["value"]}}
        if customer is self.customers[-1]:
            terms["ExchangeRate"] = (Decimal("1.1"), Decimal("0.93"), Decimal("1.2345"))[self.other % 3]
        return {"value": customer["Id"]}, terms

    def body(self, entity: str, amount: Decimal, found: Found) -> Object:
        customer, terms = self.customer()
        money = self.account(_MONEY[self.other % 2])
        match entity:
            case "Purchase":
                return self.purchase(amount, customer)
            case "JournalEntry":
                return self.entry(amount, customer)
            case "Deposit":
                return self.deposit(amount, found)
            case "Payment":
                return {"CustomerRef": customer, "TotalAmt": amount, "DepositToAccountRef": money, **terms}
        lines = [line(self.item, str(amount), ("TAX", "NON")[self.other % 2]), line(self.item, "7.31")]
        if self.pick % 3 == 0:
            lines.append(discount(percent="12.5"))
        tax = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": self.accounts["tax code"]}}}
        taken = {"DepositToAccountRef": money} if entity in ("SalesReceipt", "RefundReceipt") else {}
        return {"CustomerRef": customer, "Line": lines, **tax, **taken, **terms}

    def account(self, name: str) -> Object:
        return {"value": self.accounts[name]}

    def purchase(self, amount: Decimal, customer: Object) -> Object:
        """A check, which every other time charges the customer that it is made out to."""
        spent = self.account((_RECEIVABLE, "Travel")[self.other % 2])
        kind = "AccountBasedExpenseLineDetail"
        lines = [{"DetailType": kind, "Amount": amount, kind: {"AccountRef": spent}}]
        paid = {"PaymentType": ("Check", "Cash")[self.pick % 2], "AccountRef": self.account("Checking")}
        return {**paid, "Line": lines, "EntityRef": {**customer, "type": "Customer"}}

    def entry(self, amount: Decimal, customer: Object) -> Object:
        """A journal entry that charges or credits a customer."""
        sides = ("Debit", "Credit") if self.other % 2 else ("Credit", "Debit")
        kind, party = "JournalEntryLineDetail", {"Type": "Customer", "EntityRef": customer}
        return {
            "Line": [
                {"DetailType": kind, "Amount": amount, kind: {"PostingType": side, "AccountRef": account, **more}}
                for side, account, more in (
                    (sides[0], self.account(_RECEIVABLE), {"Entity": party}),
                    (sides[1], self.account("Travel"), {}),
                )
            ]
        }

    def deposit(self, amount: Decimal, found: Found) -> Object:
        paid = [key for key in found if key[0] in ("Payment", "SalesReceipt")]
        lines: list[Object] = []
        if paid:
            entity, id = paid[self.pick % len(paid)]
            lines.append({"LinkedTxn": [{"TxnId": id, "TxnType": entity, "TxnLineId": "0"}]})
        if not paid or self.other % 2:
            detail = {"AccountRef": self.account("Interest Earned")}
            lines.append({"Amount": amount, "DetailType": "DepositLineDetail", "DepositLineDetail": detail})
        return {"DepositToAccountRef": self.account("Checking"), "Line": lines}

    def settlement(self, amount: Decimal, found: Found) -> Object:
        """A payment for one document of a customer, with a credit beside it every other time."""
        customer, terms = self.customer()
        links = [self.link(("Invoice", "Purchase", "JournalEntry")[self.other % 3], customer, amount, found)]
        if self.pick % 2:
            credit = "CreditMemo" if self.other % 2 else "JournalEntry"
            links.append(self.link(credit, customer, amount, found))
        total = Decimal(0) if self.pick % 4 == 1 else amount
        lines = applied(*(one for one in links if one is not None))
        return {"CustomerRef": customer, "TotalAmt": total, "Line": lines, **terms}

    def link(self, entity: str, customer: Object, amount: Decimal, found: Found) -> tuple[str, Object, str] | None:
        known = [one for (kind, _), one in found.items() if kind == entity and customer["value"] in owners(one)]
        if not known:
            return None
        chosen = known[self.pick % len(known)]
        names = {"Check": "Check", "Cash": "Expense"}
        most: Decimal = chosen["Balance"] if "Balance" in chosen else chosen["TotalAmt"]
        return names.get(chosen.get("PaymentType", ""), entity), chosen, str(min(amount, most))


def owners(document: Object) -> set[str]:
    """The customers that a document is about."""
    found = [document.get("CustomerRef"), document.get("EntityRef")]
    for row in document["Line"]:
        found.append(row.get("JournalEntryLineDetail", {}).get("Entity", {}).get("EntityRef"))
    return {one["value"] for one in found if one}
