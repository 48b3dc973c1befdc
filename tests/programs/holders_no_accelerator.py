"""holders.py on a Python without the C module _asyncio: all tasks and futures are pure Python."""
import sys

sys.modules["_asyncio"] = None

import asyncio  # noqa: E402: _asyncio has to be hidden first

import holders  # noqa: E402

asyncio.run(holders.main())
