"""A small reader of JSON Schema: exactly the words that the schema of events uses."""

from __future__ import annotations

from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
KNOWN = {
    *("$schema", "$id", "$defs", "$ref", "title", "description", "default", "discriminator"),
    *("type", "properties", "required", "anyOf", "allOf", "enum", "const", "items", "format"),
    *("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"),
}


def accepts(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    unknown = set(schema) - KNOWN
    assert not unknown, f"the checker does not know {unknown}"
    alternatives = schema.get("anyOf", [])
    return (
        all(accepts(one, value, root) for one in [*_referred(schema, root), *_parts(schema)])
        and (not alternatives or any(accepts(one, value, root) for one in alternatives))
        and value in schema.get("enum", [value])
        and value == schema.get("const", value)
        and _is_of_type(schema, value)
        and _is_within(schema, value, root)
    )


def _referred(schema: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" not in schema:
        return []
    target: Any = root
    for part in schema["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return [target]


def _parts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return list(schema.get("allOf", ()))


def _is_of_type(schema: dict[str, Any], value: Any) -> bool:
    if "type" not in schema:
        return True
    is_bool_as_int = schema["type"] == "integer" and isinstance(value, bool)
    return not is_bool_as_int and isinstance(value, TYPES[schema["type"]])


def _is_within(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
    if isinstance(value, int) and not isinstance(value, bool):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    if isinstance(value, list):
        is_short = len(value) <= schema.get("maxItems", len(value))
        items = schema.get("items", {})
        return is_short and all(accepts(items, item, root) for item in value)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return all(name in value for name in schema.get("required", ())) and all(
            accepts(properties[key], item, root) for key, item in value.items() if key in properties
        )
    return True
