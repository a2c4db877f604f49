"""A TCP proxy for PostgreSQL that can fall silent: it keeps and accepts connections but forwards nothing."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ondol.dev.ports import free_port


class SilentProxy:
    """A TCP proxy. `is_silent`: drop all data. `only_answers`: drop only the data from the server."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.is_silent = self.only_answers = False
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []

    @contextmanager
    def running(self) -> Iterator["SilentProxy"]:
        """Run the proxy in a thread."""
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._close(server), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, to_writer]
        await asyncio.gather(
            self._pass_on(reader, to_writer, is_answer=False), self._pass_on(to_reader, writer, is_answer=True)
        )

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                if not self.is_silent or (self.only_answers and not is_answer):
                    writer.write(data)
        writer.close()
