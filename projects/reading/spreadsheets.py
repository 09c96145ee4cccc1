"""Cells that a spreadsheet shows and does not run."""

import json

# What a spreadsheet may run as a formula when a cell begins with it (OWASP, "CSV injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as a local encoding


def neutralised(cell: object) -> object:
    """The cell with an apostrophe before what a spreadsheet would run; numbers stay numbers."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dict | list):
        cell = json.dumps(cell, ensure_ascii=False)
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return "'" + cell
    return "" if cell is None else cell
