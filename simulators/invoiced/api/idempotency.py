"""`Idempotency-Key`: a POST that is sent again with its key gets the answer of the first and does nothing more.

Source: an example in Ruby that Invoiced's founder published (a gist of July 2017): later calls with the same key
return the customer made by the first. The API reference is silent. Decided here: a key counts for its address alone,
whatever else is sent; what was refused is tried again.
"""

from collections.abc import Callable
from functools import wraps

from flask import Response, g, request

from simulators.invoiced.account import Account

View = Callable[..., Response]


def once(view: View) -> View:
    """Return `view`, answering a call whose key was seen before as it did then."""

    @wraps(view)
    def answer(**values: int) -> Response:
        account: Account = g.account
        key, kept_s = request.headers.get("Idempotency-Key"), account.switches.idempotency_kept_s
        if not key or not kept_s:
            return view(**values)
        company, now, id = account.company, account.now(), f"{request.path} {key}"
        # From the look to the note, so that of two calls at the same time one waits for the other.
        with company.transaction():
            for old in company.find_until("answer", "answered_at", now - kept_s):
                company.delete("answer", old["id"])
            known = company.get("answer", id)
            if known is not None:
                return Response(known["body"], known["status"], mimetype=known["mimetype"])
            made = view(**values)
            if made.status_code < 400:
                told = {"status": made.status_code, "mimetype": made.mimetype, "body": made.get_data(as_text=True)}
                company.put("answer", id, {"id": id, "answered_at": now, **told})
            return made

    return answer
