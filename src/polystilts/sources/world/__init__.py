"""The generated world: an honest small instance of cross-lingual transfer, with its factors set by us."""

from polystilts.sources.world.build import write_world

__all__ = ["write_world"]
