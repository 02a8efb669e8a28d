"""Where data sets and encoders come from, as rows: hub repositories, original files, pinned downloads."""

from polystilts.sources.catalogue.encoders import ENCODERS, Encoder, Package
from polystilts.sources.catalogue.hub import HUB_ROWS, UNPINNED, HubRow, hub_rows

__all__ = ["ENCODERS", "HUB_ROWS", "UNPINNED", "Encoder", "HubRow", "Package", "hub_rows"]
