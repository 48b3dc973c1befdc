"""asyncpg on a PostgreSQL whose socket is in the folder $AIODBG_POSTGRES, also on uvloop."""
import asyncio
import os

import asyncpg
import inflight

kept = []


async def query(pool):
    async with pool.acquire() as connection:
        inflight.arrived("query")
        await connection.fetch("select pg_sleep(3600)")


async def reads(pool):
    async with pool.acquire() as connection:
        async with connection.transaction():
            inflight.arrived("cursor")
            async for _ in connection.cursor("select pg_sleep(3600)"):
                pass


async def waits(pool):
    inflight.arrived("pool")
    async with pool.acquire():
        pass


async def blocks():
    legacy_report()


def legacy_report():
    inflight.hold()


async def main():
    pool = await asyncpg.create_pool(
        host=os.environ["AIODBG_POSTGRES"], user="postgres", min_size=2, max_size=2
    )
    kept.append(asyncio.create_task(query(pool), name="query"))
    kept.append(asyncio.create_task(reads(pool), name="cursor"))
    await asyncio.sleep(0.3)
    kept.append(asyncio.create_task(waits(pool), name="pool"))
    await inflight.in_flight("query", "cursor", "pool")
    if inflight.options.block == "handler":
        kept.append(asyncio.create_task(blocks(), name="blocks"))
    await asyncio.sleep(3600)


if inflight.options.uvloop:
    import uvloop

    uvloop.install()
asyncio.run(main())
