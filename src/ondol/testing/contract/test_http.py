"""HTTP headers and methods."""

from dataclasses import replace

from ondol.testing.contract.service import Service

EVERYWHERE = {
    "x-content-type-options": "nosniff",  # ASVS 3.4.4
    # ASVS 3.4.3 and 3.4.6
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",  # ASVS 3.4.5
    "cross-origin-resource-policy": "same-origin",
}


def test_every_answer_carries_the_headers(service: Service) -> None:
    """ASVS 3.4, and 13.4.6: no header names the server software."""
    for operation in service.document.operations:
        for headers in (service.admin, {}):
            answer = service.request(operation, headers)
            assert {name: answer.headers.get(name) for name in EVERYWHERE} == EVERYWHERE, operation.id
            # ASVS 14.3.2. Public responses may set their own Cache-Control.
            kept = answer.headers["cache-control"]
            assert kept == "no-store" or "private" in kept or (answer.status < 400 and not operation.is_secured)
            assert not {"server", "x-powered-by", "via"} & answer.headers.keys()


def test_head_is_answered_where_get_is(service: Service) -> None:
    """RFC 9110, 9.3.2: like GET, without a body."""
    for operation in service.document.operations:
        if operation.method == "GET":
            full = service.request(operation, service.admin)
            head = service.request(replace(operation, method="HEAD"), service.admin)
            assert (head.status, head.body) == (full.status, b""), operation.id
            assert head.headers.get("content-length") == full.headers.get("content-length")


def test_no_method_is_there_that_should_not_be(service: Service) -> None:
    """ASVS 13.4.4 and 4.1.4: TRACE is refused."""
    for operation in service.document.operations:
        assert service.send("TRACE", operation.path, headers=service.admin).status == 405
