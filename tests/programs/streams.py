"""A server and its clients on the loopback: tasks waiting for the network."""
import asyncio

import report


async def serve_one(reader, writer):
    """Answer the first line, then wait for a second that never comes."""
    writer.write(await reader.readline())
    await reader.readline()


async def client(port, answered):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"first\n")
    await reader.readline()
    answered.release()
    await reader.readexactly(1000)


async def main():
    answered = asyncio.Semaphore(0)
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tasks = [
        asyncio.create_task(client(port, answered), name="client-%d" % number)
        for number in range(2)
    ]
    for _ in tasks:
        await answered.acquire()
    report.ready()
    async with server:
        await server.serve_forever()


asyncio.run(main())
