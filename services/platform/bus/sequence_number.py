"""The number of an event among all that one partition of one group has written: what repeats are known by."""

SequenceNumber = tuple[int, int]
"""`seq` of the commit that wrote the event, and its `index` in that commit (`schemas.envelope.Event`)."""
BEFORE_ALL: SequenceNumber = (-1, -1)
"""Smaller than every number: nothing of the writer is known yet."""
