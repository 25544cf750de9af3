"""Read JSON that anyone may have written."""

from __future__ import annotations

import json
from typing import Any


def parsed_json(text: str) -> Any:
    """What a text holds; raises ValueError for every text that is no JSON, or nested deeper than Python counts."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("brackets nested too deeply") from None
