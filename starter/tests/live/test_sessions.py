"""Sessions over two processes."""

from typing import Any

from waiting import eventually


def test_after_logout_both_workers_refuse_the_token(rig: Any) -> None:
    for caller in rig.people(5):
        with rig.client(0, headers=caller) as one, rig.client(1, headers=caller) as two:
            assert one.get("/api/v1/users/me").status_code == two.get("/api/v1/users/me").status_code == 200
            assert one.post("/api/v1/auth/logout").status_code == 204
            for worker in (one, two):
                eventually(lambda worker=worker: worker.get("/api/v1/users/me").status_code == 401, 1.0)
