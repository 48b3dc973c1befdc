"""grpc.aio, server and client: its coroutines are Cython's, and handlers run inside of them."""
import asyncio

import grpc
import grpc.aio
import inflight

kept = []


async def unary(request, context):
    inflight.arrived("unary")
    await business()


async def business():
    await asyncio.sleep(3600)


async def stream(request, context):
    yield b"first"
    inflight.arrived("stream")
    await business()


async def collect(requests, context):
    async for _ in requests:
        inflight.arrived("collect")


async def blocks(request, context):
    legacy_report()


def legacy_report():
    inflight.hold()


METHODS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Stream": grpc.unary_stream_rpc_method_handler(stream),
    "Collect": grpc.stream_unary_rpc_method_handler(collect),
    "Blocks": grpc.unary_unary_rpc_method_handler(blocks),
}


async def call_unary(channel):
    await channel.unary_unary("/shop.Orders/Unary")(b"")


async def call_stream(channel):
    async for _ in channel.unary_stream("/shop.Orders/Stream")(b""):
        pass


async def send():
    yield b"first"
    await asyncio.sleep(3600)


async def call_collect(channel):
    await channel.stream_unary("/shop.Orders/Collect")(send())


async def main():
    server = grpc.aio.server()
    handlers = grpc.method_handlers_generic_handler("shop.Orders", METHODS)
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = grpc.aio.insecure_channel("127.0.0.1:%d" % port)
    for call in (call_unary, call_stream, call_collect):
        kept.append(asyncio.create_task(call(channel), name=call.__name__))
    await inflight.in_flight("unary", "stream", "collect")
    if inflight.options.block == "handler":
        await channel.unary_unary("/shop.Orders/Blocks")(b"")
    await server.wait_for_termination()


asyncio.run(main())
