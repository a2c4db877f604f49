"""Steady load: clients that read and order without pause, and the outcome of their requests."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
from app.models import Product
from people import people
from production_rig import SECRET, Production

from ondol.auth.options import AuthSettings

PRODUCTS = 20
AUTH = AuthSettings(secret_key=SECRET)


@dataclass
class Outcome:
    """Results: `answers` by status, ids of `acknowledged` orders, `broken` requests without a response by error,
    `refusals` (503) by code."""

    answers: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)


class Load:
    """`clients` clients of `bases`. Each sends one request after the other: two reads, then an order."""

    def __init__(self, prod: Production, bases: Sequence[str], clients: int = 50, stock: int = 1_000_000) -> None:
        database = prod.database
        self._callers = people(database, clients, auth=AUTH)
        with database.transaction() as session:
            products = [Product(name="n", price=1, currency="KRW", stock=stock) for _ in range(PRODUCTS)]
            session.add_all(products)
        database.close()
        self.product_ids = [str(product.id) for product in products]
        self.bases = list(bases)
        self.outcome = Outcome()
        self._ending = False

    @contextmanager
    def running(self) -> Iterator[Outcome]:
        """Run in a thread, so that the test can break things meanwhile."""
        with ThreadPoolExecutor(1) as thread:
            finished = thread.submit(asyncio.run, self._all())
            try:
                yield self.outcome
            finally:
                self._ending = True
                finished.result()

    async def _all(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(len(self._callers))))

    async def _client(self, number: int) -> None:
        async with httpx2.AsyncClient(timeout=20, headers=self._callers[number]) as client:
            for turn in itertools.count(number):
                if self._ending:
                    return
                await self._request(client, self.bases[turn % len(self.bases)], turn)

    async def _request(self, client: httpx2.AsyncClient, base: str, turn: int) -> None:
        product_id = self.product_ids[turn % PRODUCTS]
        product = f"{base}/api/v1/products/{product_id}"
        body = {"lines": [{"product_id": product_id, "quantity": 1}]}
        try:
            if turn % 3:
                answer = await client.get(product)
            else:
                answer = await client.post(f"{base}/api/v1/orders", json=body)
        except httpx2.HTTPError as error:
            self.outcome.broken[type(error).__name__] += 1
            await asyncio.sleep(0.02)
            return
        self.outcome.answers[answer.status_code] += 1
        if answer.status_code == 201:
            self.outcome.acknowledged.append(answer.json()["id"])
        elif answer.status_code == 503:
            code = answer.json().get("code")
            says_when = "Retry-After" in answer.headers
            self.outcome.refusals[code if says_when or code == "outcome_unknown" else "no Retry-After"] += 1
            await asyncio.sleep(0.02)
        elif answer.status_code != 200:
            self.outcome.unexpected.append(answer.text[:300])
