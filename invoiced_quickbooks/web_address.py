"""Does something answer at an address of this machine?"""

import http.client
from urllib.parse import urlsplit

_PATIENCE_S = 2.0


def answers(url: str) -> bool:
    """Tell whether a GET on this http address is answered, be it by leading elsewhere, and not with an error."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_PATIENCE_S)
    try:
        connection.request("GET", parts.path or "/")
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
