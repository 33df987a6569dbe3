"""Door of the reading room: from a `Source` to plain mappings. Never judges a meeting's fields; that is `normalize`."""
