# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Broken ONNX files: changes of the message and of its bytes."""

import random

from google.protobuf.descriptor import FieldDescriptor

NUMBERS = (0, 1, -1, 2, 7, 2**31 - 1, -(2**31), 2**40, 2**63 - 1, -(2**63))
TEXTS = ("", "x", "..", "/etc/passwd", "ai.onnx", "N", "\u00e9" * 9, "a" * 999)


def places(message, found):
    """All (message, field) that are set, nested ones too."""
    for field, value in message.ListFields():
        found.append((message, field))
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for inner in value if field.is_repeated else [value]:
                places(inner, found)
    return found


def new_scalar(draw, field, old):
    """Another value of the field's type."""
    if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        return draw.choice((0.0, -1.0, 1e30, float("nan"), float("inf")))
    if field.type == FieldDescriptor.TYPE_STRING:
        return draw.choice(TEXTS)
    if field.type == FieldDescriptor.TYPE_BYTES:
        cut = draw.randrange(len(old) + 1)
        return draw.choice((b"", old[:cut], old + old[:3], bytes(len(old))))
    if field.type == FieldDescriptor.TYPE_ENUM:
        return draw.choice(field.enum_type.values).number
    if field.type == FieldDescriptor.TYPE_INT32:
        return draw.choice([n for n in NUMBERS if abs(n) < 2**31] + [old + 1])
    if field.type == FieldDescriptor.TYPE_UINT64:
        return draw.choice([n for n in NUMBERS if n >= 0])
    return draw.choice([*NUMBERS, min(old + 1, 2**62), max(old - 1, -(2**62))])


def change_repeated(draw, message, field):
    values = getattr(message, field.name)
    at = draw.randrange(len(values))
    action = draw.choice(("drop", "repeat", "swap", "change"))
    if action == "drop":
        del values[at]
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        if action == "repeat":
            values.add().CopyFrom(values[at])
        else:
            values[at].CopyFrom(draw.choice(values))
    elif action == "repeat":
        values.append(values[at])
    elif action == "swap":
        values[at] = draw.choice(values)
    else:
        values[at] = new_scalar(draw, field, values[at])


def change_message(draw, model):
    message, field = draw.choice(places(model, []))
    if field.is_repeated:
        change_repeated(draw, message, field)
    elif field.type == FieldDescriptor.TYPE_MESSAGE or draw.random() < 0.2:
        message.ClearField(field.name)
    else:
        old = getattr(message, field.name)
        setattr(message, field.name, new_scalar(draw, field, old))


def change_bytes(draw, data):
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = draw.randrange(len(data))
        action = draw.choice(("flip", "set", "cut", "insert"))
        if action == "flip":
            data[at] ^= 1 << draw.randrange(8)
        elif action == "set":
            data[at] = draw.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif action == "cut" and len(data) > 9:
            del data[at : at + draw.choice((1, 4, len(data)))]
            data += b"\0"
        else:
            data[at:at] = bytes(draw.choice((1, 4)))
    return bytes(data)


def mutated(models, count, seed):
    """Yields `count` broken files, a third of them broken below protobuf."""
    draw = random.Random(seed)
    for _ in range(count):
        model = type(models[0])()
        model.CopyFrom(draw.choice(models))
        if draw.random() < 0.34:
            yield change_bytes(draw, model.SerializeToString())
            continue
        for _ in range(draw.choice((1, 1, 2, 4))):
            change_message(draw, model)
        yield model.SerializeToString()
