"""The least that a Flask endpoint can do with a POST: what the receiver's rate is compared with."""

from flask import Flask, Response, request

app = Flask(__name__)


@app.post("/")
def take() -> Response:
    """Read the body and answer."""
    request.get_data(cache=False)
    return Response(b"{}", mimetype="application/json")
