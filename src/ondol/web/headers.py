"""The headers that requests and answers have here."""

from collections.abc import Mapping

REQUEST_ID = "X-Request-ID"
CSRF_HEADER = "X-CSRF-Protection"

SECURITY_HEADERS = {
    # OWASP Secure Headers Project, for an API: nothing may be framed, sniffed or kept. What default-src does not stand
    # for is named (ASVS 5.0, 3.4.3).
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Only where there is TLS in front: a year without plain HTTP (RFC 6797; ASVS 5.0, 3.4.1).
PRODUCTION_HEADERS = {**SECURITY_HEADERS, "Strict-Transport-Security": "max-age=31536000; includeSubDomains"}

# What pages of the listed origins may send and read, besides what every page may (Fetch, CORS protocol).
CORS_ALLOWED_HEADERS = (
    *("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"),
    *(REQUEST_ID, CSRF_HEADER),
)
CORS_EXPOSED_HEADERS = (
    *("ETag", "Idempotency-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"),
    REQUEST_ID,
)


def accepts_gzip(headers: Mapping[bytes, bytes]) -> bool:
    return b"gzip" in headers.get(b"accept-encoding", b"")
