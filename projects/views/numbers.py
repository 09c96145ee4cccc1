"""Whole numbers as a request spells them."""

LARGEST_ID = 2**63 - 1  # of a row


def read_int(text: str, largest: int = LARGEST_ID) -> int | None:
    """A number of 0 to `largest` in plain digits; None for anything else, however long it is."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(largest)):
        return None
    number = int(text)  # of few digits: Python itself refuses thousands
    return number if number <= largest else None
