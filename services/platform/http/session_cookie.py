"""The cookie of an agent's session: where it is set and read, and which requests with it are the page's own.

`__Host-` binds the cookie to this host and to https (RFC 6265bis, 4.1.3.2). Chromium takes such a cookie on http://localhost and
http://127.0.0.1 too, but Safari takes no Secure cookie there (https://bugs.webkit.org/show_bug.cgi?id=281149), and browsers differ on
the prefix (https://github.com/httpwg/http-extensions/issues/2605). So on a loopback address the same value is also set under a name without
the prefix, which is read there alone.
"""

from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from services.platform.http.problems import Forbidden

COOKIE, LOOPBACK_COOKIE = "__Host-pasokh-desk", "pasokh-desk"
HEADER = "Pasokh-Desk"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What a form of any page, or its script without asking, can send (https://fetch.spec.whatwg.org/#cors-safelisted-request-header)."""
_STRICT: Any = "Strict"
"""Starlette's type knows it in lower case alone; it is written as RFC 6265bis has it."""
Connection = Literal["https", "loopback", "http"]


def session_token(request: Request) -> str | None:
    """The token of the session that a request presents; None without one."""
    cookies = request.cookies
    if (token := cookies.get(COOKIE)) is not None:
        return token
    return cookies.get(LOOPBACK_COOKIE) if _is_on_loopback(request) else None


def set_session(response: Response, request: Request, token: str, lasts: timedelta | None) -> None:
    """Set the cookie of a session. `lasts` None: until the browser is closed."""
    age = None if lasts is None else int(lasts.total_seconds())
    response.set_cookie(COOKIE, token, max_age=age, path="/", secure=True, httponly=True, samesite=_STRICT)
    if _is_on_loopback(request):
        response.set_cookie(LOOPBACK_COOKIE, token, max_age=age, path="/", httponly=True, samesite=_STRICT)


def clear_session(response: Response, request: Request) -> None:
    """Delete the cookie."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite=_STRICT)
    if _is_on_loopback(request):
        response.delete_cookie(LOOPBACK_COOKIE, path="/", httponly=True, samesite=_STRICT)


# -- where the request comes from --------------------------------------------------------------------------------------


def connection_of(request: Request, public_url: str | None) -> Connection:
    """How the browser reaches us, as far as a server behind a proxy can know it."""
    if request.url.scheme == "https":
        return "https"
    host = request.headers.get("host", "")
    addresses = [address for address in (request.headers.get("origin"), public_url) if address]
    # A proxy in front speaks https for us. If it does not, the browser drops the cookie, which is Secure.
    if any(address.startswith("https://") and _netloc(address) == host.lower() for address in addresses):
        return "https"
    return "loopback" if is_loopback(host) else "http"


def _is_on_loopback(request: Request) -> bool:
    return request.url.scheme == "http" and is_loopback(request.headers.get("host", ""))


def is_loopback(host: str) -> bool:
    """Whether a `Host` is the machine itself."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def require_own_page(request: Request, public_url: str | None) -> None:
    """Raise Forbidden for a request that another page may have made a browser send.

    Browsers say so in `Sec-Fetch-Site` (W3C Fetch Metadata), older ones in `Origin`. A write must besides be one that no page of another
    origin can send without asking first (CORS), which we never allow: with a header of its own, and a body that is no form.
    """
    headers, is_read = request.headers, request.method in SAFE_METHODS
    _require_same_origin(headers, public_url, is_read=is_read)
    if is_read:
        return
    if headers.get(HEADER) != "1":
        raise _refusal(f"Send the header `{HEADER}: 1` with every write by a session's cookie.")
    require_no_form(headers)


def require_same_origin(request: Request, public_url: str | None) -> None:
    """Raise Forbidden for a write that another page made a browser send."""
    _require_same_origin(request.headers, public_url, is_read=False)


def require_no_form(headers: Headers) -> None:
    """Raise Forbidden for a body of a type that forms send, or of none."""
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if (has_body and not media_type) or media_type in FORM_TYPES:
        raise _refusal("Send JSON as `Content-Type: application/json`, and files as `application/octet-stream`.")


def _require_same_origin(headers: Headers, public_url: str | None, *, is_read: bool) -> None:
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        # `none`: the address was typed, or is a bookmark. That is no way to write.
        if site == "same-origin" or (is_read and site == "none"):
            return
        raise _refusal("Another page sent this request.")
    ours = {headers.get("host", "").lower(), *([_netloc(public_url)] if public_url else [])}
    if origin is not None and _netloc(origin) not in ours:
        raise _refusal("Another page sent this request.")


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _refusal(detail: str) -> Forbidden:
    return Forbidden(detail, title="Not from the desk")
