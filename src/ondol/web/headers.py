"""The headers of requests and responses."""

from collections.abc import Mapping

REQUEST_ID = "X-Request-ID"
CSRF_HEADER = "X-CSRF-Protection"

SECURITY_HEADERS = {
    # OWASP Secure Headers Project, for an API: no response may be framed, sniffed or stored. Directives that
    # default-src does not cover are listed (ASVS 5.0, 3.4.3).
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Only with TLS in front: browsers refuse plain HTTP for a year (RFC 6797; ASVS 5.0, 3.4.1).
PRODUCTION_HEADERS = {**SECURITY_HEADERS, "Strict-Transport-Security": "max-age=31536000; includeSubDomains"}

# Headers that the allowed origins may send and read, in addition to those of every page (Fetch, CORS protocol).
CORS_ALLOWED_HEADERS = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"),
    *(REQUEST_ID, CSRF_HEADER),
)
CORS_EXPOSED_HEADERS = (
    *("ETag", "Idempotency-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"),
    REQUEST_ID,
)


def accepted_languages(headers: Mapping[bytes, bytes]) -> str:
    return headers.get(b"accept-language", b"").decode("latin-1")


def accepts_gzip(headers: Mapping[bytes, bytes]) -> bool:
    return b"gzip" in headers.get(b"accept-encoding", b"")
