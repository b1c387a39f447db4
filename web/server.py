"""The app of one server process.

Apart from `web.cli`, so that no other command spends seconds on bringing in the pages.
"""

import gc

from fastapi import FastAPI

from erp_club.kernel import db
from erp_club.kernel.settings import Settings
from web import logs
from web.app import create_app
from web.deps import Shop


def application() -> FastAPI:
    """The app over connections of its own, with what the environment says."""
    settings = Settings.from_env()
    logs.start(settings.log_level)
    database = db.connect(settings)
    app = create_app(Shop(database, settings), on_stop=database.close)
    # What stands now stands until the end: the collector needn't look through it, now or again every few requests.
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)
    return app
