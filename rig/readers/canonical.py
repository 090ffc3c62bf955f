"""Values of any reader as one JSON form, so that readers can be compared with each other and with what was written.

long: text. decimal: text with all digits of its scale. date, time, timestamp: ISO 8601 with six digits of fraction (nine
for nanoseconds) and a Z where the type has a zone; years outside 0000 to 9999 as in ECMAScript (+010000, -000001).
float, double: numbers, but "NaN", "Infinity", "-Infinity". uuid: text. fixed, binary: hexadecimal text.
struct: object. list: array. map: array of [key, value], sorted by the key's JSON.
"""
import json
import math
import uuid

import pyarrow as pa

MICROS = 1_000_000
DAY_MICROS = 86_400 * MICROS


def primitive(name):
    return name.split("(")[0].split("[")[0] if isinstance(name, str) else name["type"]


def column(array, kind):
    """An Arrow array as a list of canonical values; `kind` is the Iceberg type as its JSON form has it."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        return [value for chunk in array.chunks for value in column(chunk, kind)]
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    name = primitive(kind)
    if name == "struct":
        return structs(array, kind)
    if name == "list":
        return lists(array, kind)
    if name == "map":
        return maps(array, kind)
    convert, raw = SCALARS[name](array)
    return [None if value is None else convert(value) for value in raw]


def structs(array, kind):
    children = array.flatten()
    index = {array.type.field(i).name: i for i in range(array.type.num_fields)}
    fields = [(f["name"], column(children[index[f["name"]]], f["type"])) for f in kind["fields"]]
    valid = array.is_valid().to_pylist()
    return [{n: values[i] for n, values in fields} if ok else None for i, ok in enumerate(valid)]


def lists(array, kind):
    items = column(array.values, kind["element"])
    return slices(array, lambda start, end: items[start:end])


def maps(array, kind):
    keys, values = column(array.keys, kind["key"]), column(array.items, kind["value"])

    def entries(start, end):
        return sorted(([keys[i], values[i]] for i in range(start, end)), key=lambda e: json.dumps(e[0]))

    return slices(array, entries)


def slices(array, take):
    offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
    return [take(offsets[i], offsets[i + 1]) if ok else None for i, ok in enumerate(valid)]


def plain(convert):
    return lambda array: (convert, array.to_pylist())


def integers(unit, convert):
    """Of a temporal array: its integers in `unit`, whatever unit the reader chose."""

    def take(array):
        if pa.types.is_timestamp(array.type):
            array = array.cast(pa.timestamp(unit, array.type.tz))
        elif pa.types.is_time(array.type):
            array = array.cast(pa.time64(unit))
        elif pa.types.is_date(array.type):
            return convert, array.cast(pa.date32()).cast(pa.int32()).to_pylist()
        return convert, array.cast(pa.int64()).to_pylist()

    return take


def floating(value):
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def date_text(days):
    """ISO text of days since 1970-01-01 in the proleptic Gregorian calendar, for any year."""
    shifted = days + 719_468
    era, of_era = divmod(shifted, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    day_of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_index + 2) // 5 + 1
    month = month_index + 3 if month_index < 10 else month_index - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    text = f"{year:04d}" if 0 <= year <= 9999 else f"{'-' if year < 0 else '+'}{abs(year):06d}"
    return f"{text}-{month:02d}-{day:02d}"


def time_text(micros):
    seconds, fraction = divmod(micros, MICROS)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:06d}"


def timestamp_text(zone):
    def convert(micros):
        days, rest = divmod(micros, DAY_MICROS)
        return f"{date_text(days)}T{time_text(rest)}{zone}"

    return convert


def nanosecond_text(zone):
    def convert(nanos):
        micros, rest = divmod(nanos, 1000)
        return f"{timestamp_text('')(micros)}{rest:03d}{zone}"

    return convert


def uuid_text(value):
    return str(uuid.UUID(bytes=value) if isinstance(value, bytes) else uuid.UUID(str(value)))


def binary_text(value):
    return bytes(value).hex()


SCALARS = {
    "boolean": plain(bool),
    "int": plain(int),
    "long": plain(str),
    "float": plain(floating),
    "double": plain(floating),
    "decimal": plain(lambda value: format(value, "f")),
    "date": integers("us", date_text),
    "time": integers("us", time_text),
    "timestamp": integers("us", timestamp_text("")),
    "timestamptz": integers("us", timestamp_text("Z")),
    "timestamp_ns": integers("ns", nanosecond_text("")),
    "timestamptz_ns": integers("ns", nanosecond_text("Z")),
    "string": plain(str),
    "uuid": plain(uuid_text),
    "fixed": plain(binary_text),
    "binary": plain(binary_text),
    "unknown": plain(str),
}


def rows(table, fields):
    """An Arrow table as a list of canonical rows; `fields` as in an Iceberg schema."""
    columns = [(f["name"], column(table.column(f["name"]), f["type"])) for f in fields]
    return [{name: values[i] for name, values in columns} for i in range(table.num_rows)]


def fields_of_arrow(schema):
    """The Iceberg fields that an Arrow schema amounts to: for results of SQL, which have no Iceberg schema."""
    return [{"name": field.name, "type": kind_of_arrow(field.type)} for field in schema]


def kind_of_arrow(of):
    t = pa.types
    if isinstance(of, pa.ExtensionType):
        return "uuid" if "uuid" in of.extension_name else kind_of_arrow(of.storage_type)
    if t.is_struct(of):
        inner = [of.field(i) for i in range(of.num_fields)]
        return {"type": "struct", "fields": fields_of_arrow(inner)}
    if t.is_map(of):
        return {"type": "map", "key": kind_of_arrow(of.key_type), "value": kind_of_arrow(of.item_type)}
    if t.is_list(of) or t.is_large_list(of):
        return {"type": "list", "element": kind_of_arrow(of.value_type)}
    if t.is_timestamp(of):
        return ("timestamp" if of.tz is None else "timestamptz") + ("_ns" if of.unit == "ns" else "")
    if t.is_decimal(of):
        # DuckDB's sums and counts of large integers are whole decimals.
        return f"decimal({of.precision}, {of.scale})"
    for test, name in ARROW_NAMES:
        if test(of):
            return name
    return "string"


ARROW_NAMES = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_uint64, "long"),
    (pa.types.is_int64, "long"),
    (pa.types.is_uint32, "long"),
    (pa.types.is_integer, "int"),
    (pa.types.is_float32, "float"),
    (pa.types.is_floating, "double"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
    (pa.types.is_binary, "binary"),
    (pa.types.is_large_binary, "binary"),
    (pa.types.is_fixed_size_binary, "binary"),
]
