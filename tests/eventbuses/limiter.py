"""An eventbus with a quota: limiter.py PORT RATE LOG [RETRY_AFTER] takes RATE requests of each second of
the clock, answers 429 to the others, and writes `<seconds> <status>` of each into LOG."""
import asyncio
import sys
import time


class Quota:
    def __init__(self, rate, log, retry_after):
        self.rate, self.log = rate, log
        self.second, self.taken = 0, 0
        wait = f"Retry-After: {retry_after}\r\n" if retry_after else ""
        self.refusal = f"HTTP/1.1 429 Too Many Requests\r\n{wait}Content-Length: 0\r\n\r\n".encode()

    def answer(self):
        now = time.time()
        if int(now) != self.second:
            self.second, self.taken = int(now), 0
        takes = self.taken < self.rate
        self.taken += takes
        self.log.write(f"{now:.3f} {204 if takes else 429}\n")
        return b"HTTP/1.1 204 No Content\r\n\r\n" if takes else self.refusal

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                writer.write(self.answer())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


async def main(port, rate, log, retry_after=None):
    # By lines, so that what was answered can be read at once.
    with open(log, "w", buffering=1, encoding="utf-8") as file:
        quota = Quota(int(rate), file, retry_after)
        async with await asyncio.start_server(quota.serve, "127.0.0.1", int(port), backlog=256) as server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
