"""The order of the tests: files that train or run chapters come first, so that no core idles at the end."""

import gc

import yaml
from hypothesis.internal.conjecture import providers

from polystilts.evidence.json_schema import without_address_checker

gc.disable()  # until all tests are collected: imports leave hardly any garbage to look for

without_address_checker()  # it would cost every process of the tests some seconds
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same loader in C: scales are read often
# Hypothesis would read the source of every module that is loaded, for constants to try: half a minute in all.
providers._get_local_constants = lambda: providers._local_constants


def pytest_collection_finish():
    gc.freeze()  # what is imported by now is no garbage: looking for some took a tenth of the tests' time
    gc.enable()
    gc.set_threshold(100_000, 20, 20)


def pytest_collection_modifyitems(items):
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_unconfigure():
    gc.freeze()  # on its way out Python would look through all that was imported, for some seconds
