"""Actions on databases: dump, archive, purge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.charm import Outcome
from .site import Site
from .world import File

DELETED_ROWS = 2300  # what a nova database holds at first; assumed
_DUMP = """-- MySQL dump 10.13  Distrib 8.0.41, for Linux (x86_64)
--
-- Host: localhost    Database: {databases}
-- ------------------------------------------------------
-- Server version\t8.0.41
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `keystone`;
USE `keystone`;
CREATE TABLE `project` (`id` varchar(64) NOT NULL, PRIMARY KEY (`id`));
INSERT INTO `project` VALUES ('6f4c1d');
-- Dump completed on {at}
"""


async def mysqldump(site: Site, params: Mapping[str, Any]) -> Outcome:
    """Dump databases into a file; interrupted, it leaves a file without its last line."""
    databases = str(params.get("databases") or "")
    directory = str(params.get("basedir") or "/var/backups/mysql").rstrip("/")
    now = site.place.model.clock.now()
    name = databases.replace(",", "-") or "all-databases"
    stem = f"{directory}/mysqldump-{name}-{now:%Y%m%d%H%M%S}"
    path, number = f"{stem}.gz", 1
    while path in site.machine.files:  # two in one second; the real charm would overwrite
        path, number = f"{stem}-{number}.gz", number + 1
    text = _DUMP.format(databases=databases, at=f"{now:%Y-%m-%d %H:%M:%S}")
    unfinished = File(text[: len(text) // 2], 0o600, compressed=True, damaged=True)
    site.machine.files[path] = unfinished
    await site.spend("dump")
    site.machine.files[path] = File(text, 0o600, compressed=True)
    site.log("database-dumped", file=path)
    return Outcome(
        results={
            "mysqldump-file": path,
            "outcome": "Success",
        }
    )


async def archive_data(site: Site, params: Mapping[str, Any]) -> Outcome:
    """Move one batch of deleted rows into the shadow tables."""
    cloud, app = site.place.cloud, site.app.name
    left = cloud.deleted_rows.setdefault(app, DELETED_ROWS)
    await site.spend("archive")
    rows = min(left, int(params.get("batch-size") or 10000))
    if rows == 0:
        return Outcome(results={"archive-deleted-rows": "Nothing was archived."})
    cloud.deleted_rows[app] = left - rows
    cloud.shadow_rows[app] = cloud.shadow_rows.get(app, 0) + rows
    site.log("data-archived", rows=rows)
    table = (
        "+-----------+-------------------------+\n"
        "| Table     | Number of Rows Archived |\n"
        "+-----------+-------------------------+\n"
        f"| instances | {rows:<23} |\n"
        "+-----------+-------------------------+"
    )
    return Outcome(results={"archive-deleted-rows": table})


async def purge_data(site: Site, params: Mapping[str, Any]) -> Outcome:
    """Delete what archive-data has moved; `before` is taken for a date that covers all of it."""
    del params
    cloud, app = site.place.cloud, site.app.name
    await site.spend("archive")
    rows = cloud.shadow_rows.pop(app, 0)
    if rows == 0:
        text = "Purging stale soft-deleted rows and no data was deleted"
    else:
        text = f"Purging stale soft-deleted rows: {rows} rows deleted"
    return Outcome(results={"output": text})
