"""The door's pages: files, and the HTTP answers that bring them.

Every answer ends its connection. The files are passed in; nothing is read here.

Source: RFC 9110 (conditional requests, content negotiation); Content Security Policy Level 3.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import NamedTuple

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

INDEX = "/"

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}

# No inline scripts and styles, nothing from elsewhere, in nobody's frame.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HARDENING = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Page(NamedTuple):
    """One file as it is sent."""

    body: bytes
    zipped: bytes
    content_type: str
    tag: str


def page(name: str, body: bytes) -> Page:
    """Make a page of a file; its type is told by its name."""
    kind = TYPES[name.rpartition(".")[2]]
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    return Page(body, gzip.compress(body, mtime=0), kind, tag)


def answer(request: Request, pages: Mapping[str, Page]) -> Response:
    """Answer a request that opens no WebSocket.

    Args:
        pages: By path, `/` being the first.
    """
    found = pages.get(request.path.partition("?")[0])
    if found is None:
        return plain(HTTPStatus.NOT_FOUND, "There is no such page here.")
    if request.method not in ("GET", "HEAD"):
        refused = plain(HTTPStatus.METHOD_NOT_ALLOWED, "Pages are read here with GET or HEAD.")
        refused.headers["Allow"] = "GET, HEAD"
        return refused
    headers = _headers()
    headers["ETag"] = found.tag
    headers["Cache-Control"] = "no-cache"
    headers["Vary"] = "Accept-Encoding"
    if found.tag in ", ".join(request.headers.get_all("If-None-Match")).split(", "):
        return _response(HTTPStatus.NOT_MODIFIED, headers, b"")
    body = found.body
    if _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = found.zipped
    headers["Content-Type"] = found.content_type
    headers["Content-Length"] = str(len(body))
    return _response(HTTPStatus.OK, headers, b"" if request.method == "HEAD" else body)


def plain(status: HTTPStatus, text: str) -> Response:
    """Answer with one line of text."""
    body = f"{text}\n".encode()
    headers = _headers()
    headers["Content-Type"] = TYPES["txt"]
    headers["Content-Length"] = str(len(body))
    return _response(status, headers, body)


def _takes_gzip(request: Request) -> bool:
    accepted = ",".join(request.headers.get_all("Accept-Encoding"))
    return "gzip" in [coding.strip() for coding in accepted.split(",")]


def _headers() -> Headers:
    return Headers({**HARDENING, "Connection": "close"})


def _response(status: HTTPStatus, headers: Headers, body: bytes) -> Response:
    return Response(status.value, status.phrase, headers, body)
