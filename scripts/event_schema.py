"""Writes the JSON Schema of the wire format beside the structs that it is derived from.

Comes in: `tocsin.records`. Goes out: `src/tocsin/records/event.schema.json`. Always holds: the
same structs give the same bytes; `tests/records/test_schema.py` fails while the file differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tocsin.records.schema import SCHEMA_FILE, rendered_schema

TARGET: Final = Path(__file__).parent.parent / "src" / "tocsin" / "records" / SCHEMA_FILE

if __name__ == "__main__":
    TARGET.write_text(rendered_schema(), encoding="utf-8")
    print(f"wrote {TARGET.name}")
