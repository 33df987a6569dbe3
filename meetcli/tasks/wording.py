"""The words both built-in tasks share."""

COMMON = """Return one JSON object of the given shape. What the transcript does not support is null or an empty list: never invent a name, a date, a number or a commitment.
- `summary`: 100 to 200 words of prose, less for a short meeting; the whole meeting, its end as much as its beginning.
- `key_points`: 3 to 7 points, fewer for a short meeting, most important first.
- `action_items`: who will do what. `owner` is the person who took it on, named as in the transcript, or null; `due_text` the deadline in the very words of the transcript, or null (do not turn it into a date); `status` is `agreed` where somebody committed to it, `tentative` where it was only suggested.
- Every `quote` is copied from the transcript letter by letter, from one speaker, at most 40 words, the passage that best proves the item; null only where no single passage does.
- `customer_name`, `banker_name`, `meet_type`: what the transcript shows, or null."""
