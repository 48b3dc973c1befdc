"""SQLAlchemy's asyncio, on aiosqlite, or on asyncpg if $AIODBG_POSTGRES names a socket's folder.

Each query is still with the database; with asyncpg the pool is used up as well.
"""
import asyncio
import os

import inflight
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

POSTGRES = os.environ.get("AIODBG_POSTGRES")
kept = []


async def connect():
    """An engine, and SQL that takes long."""
    if POSTGRES:
        url = "postgresql+asyncpg://postgres@/postgres?host=" + POSTGRES
        return create_async_engine(url, pool_size=3, max_overflow=0), "select pg_sleep(3600)"
    return create_async_engine("sqlite+aiosqlite://"), "select rest()"


async def prepare(session):
    """aiosqlite has each connection's queries run in a thread."""
    if not POSTGRES:
        connection = await session.connection()
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.create_function("rest", 0, inflight.rest)


async def awaits_query(engine, query):
    async with AsyncSession(engine) as session:
        await prepare(session)
        inflight.arrived("query")
        await session.execute(text(query))


def load_orders(session, query):
    return [session.execute(text(query))]


def load(session, query):
    inflight.arrived("run_sync")
    # Through C, which calls Python again.
    return list(map(lambda one: load_orders(session, one), [query]))


async def runs_sync(engine, query):
    async with AsyncSession(engine) as session:
        await prepare(session)
        await session.run_sync(load, query)


async def streams(engine, query):
    async with engine.connect() as connection:
        await prepare_connection(connection)
        inflight.arrived("stream")
        async for _ in await connection.stream(text(query)):
            pass


async def prepare_connection(connection):
    if not POSTGRES:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.create_function("rest", 0, inflight.rest)


async def waits_for_pool(engine):
    inflight.arrived("pool")
    async with engine.connect():
        pass


def parse(session):
    legacy_report()


def legacy_report():
    inflight.hold()


async def blocks(engine):
    async with AsyncSession(engine) as session:
        await session.run_sync(parse)


async def main():
    engine, query = await connect()
    # Each on an engine of its own: one connection of aiosqlite has one thread.
    others = [engine if POSTGRES else (await connect())[0] for _ in range(2)]
    wanted = ["query", "run_sync", "stream"]
    kept.append(asyncio.create_task(awaits_query(engine, query), name="query"))
    kept.append(asyncio.create_task(runs_sync(others[0], query), name="run_sync"))
    kept.append(asyncio.create_task(streams(others[1], query), name="stream"))
    if POSTGRES:
        await asyncio.sleep(1)
        kept.append(asyncio.create_task(waits_for_pool(engine), name="pool"))
        wanted.append("pool")
    await inflight.in_flight(*wanted)
    if inflight.options.block == "run_sync":
        kept.append(asyncio.create_task(blocks((await connect())[0]), name="blocks"))
    await asyncio.sleep(3600)


asyncio.run(main())
