"""The order of the tests: files that train or run chapters come first, so that no core idles at the end."""

from polystilts.evidence.json_schema import without_address_checker

without_address_checker()  # it would cost every process of the tests some seconds


def pytest_collection_modifyitems(items):
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
