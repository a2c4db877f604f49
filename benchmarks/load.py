"""A client that costs little: raw requests on connections that stay open."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """`seconds`: what each request took, sorted; `took`: all of them together."""

    seconds: list[float]
    took: float

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.took

    def percentile(self, share: float) -> float:
        return self.seconds[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    given = {"Host": "127.0.0.1", **(headers or {})} | ({"Content-Length": str(len(body))} if body else {})
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def measure(port: int, requests: list[bytes], connections: int) -> Measured:
    """Sends all `requests`, over so many connections. Raises RuntimeError for an answer that is not 200."""
    waiting, seconds = iter(requests), []

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for each in waiting:
            before = time.perf_counter()
            writer.write(each)
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head[:16]:
                raise RuntimeError(head.decode())
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            seconds.append(time.perf_counter() - before)
        writer.close()

    before = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(connections)))
    return Measured(sorted(seconds), time.perf_counter() - before)
