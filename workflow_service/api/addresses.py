"""Ids in addresses: what cannot be a row's id is no address at all, so it answers 404 before any statement."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter, Map

LARGEST_ID = 2**63 - 1


class NumberConverter(IntegerConverter):
    """`<id:name>`: a row's id, from 1 to the largest that the database holds."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=LARGEST_ID)
