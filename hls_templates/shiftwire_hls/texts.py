"""Text in protobuf messages: the library hands out bytes, or fails, where a text is not UTF-8."""

from typing import Any

_STRING, _MESSAGE = 9, 11
"""Field types (protobuf, descriptor.proto, FieldDescriptorProto.Type)."""


def is_all_text(message: Any) -> bool:
    """Whether every text of a message and of those within it is UTF-8, so that it can be read as one."""
    try:
        return all(_is_text(field, value) for field, value in message.ListFields())
    except UnicodeDecodeError:
        return False


def _is_text(field: Any, value: Any) -> bool:
    if field.type not in (_STRING, _MESSAGE):
        return True
    is_single = isinstance(value, (str, bytes)) or hasattr(value, "ListFields")
    parts = [value] if is_single else value
    return all(isinstance(part, str) if field.type == _STRING else is_all_text(part) for part in parts)
