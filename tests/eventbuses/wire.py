"""A long wire: wire.py PORT TO SECONDS hands on what comes to PORT to port TO, and back, SECONDS later
in each direction. Of connections it knows nothing but their bytes and their end."""
import asyncio
import sys


async def hand_on(reader, writer, seconds):
    clock = asyncio.get_running_loop()
    on_the_way = asyncio.Queue()

    async def send():
        while True:
            due, data = await on_the_way.get()
            await asyncio.sleep(max(0, due - clock.time()))
            if not data:
                return
            writer.write(data)
            await writer.drain()

    sending = asyncio.ensure_future(send())
    data = b"."
    while data:
        try:
            data = await reader.read(1 << 16)
        except OSError:
            data = b""
        on_the_way.put_nowait((clock.time() + seconds, data))
    try:
        await sending
        writer.write_eof()
    except OSError:
        pass


async def main(port, to, seconds):
    async def connected(near_reader, near_writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(hand_on(near_reader, far_writer, seconds),
                             hand_on(far_reader, near_writer, seconds))
        near_writer.close()
        far_writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", port, backlog=256) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
