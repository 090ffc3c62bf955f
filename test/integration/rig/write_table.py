"""Writes a table of every v2 type through PyIceberg and a REST catalog, for tests of the rig's readers.

Arguments: the catalog's URI, its warehouse, an S3 endpoint as JSON or null, and a column to leave out (Spark has no
type for `time`). Prints the metadata's location.
"""
import datetime as dt
import decimal
import json
import sys
import uuid

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, ListType, LongType,
    MapType, NestedField, StringType, StructType, TimestampType, TimestamptzType, TimeType, UUIDType,
)

uri, warehouse, s3 = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
store = {} if s3 is None else {
    "s3.endpoint": s3["endpoint"], "s3.region": s3["region"],
    "s3.access-key-id": s3["accessKeyId"], "s3.secret-access-key": s3["secretAccessKey"],
    "s3.force-virtual-addressing": "false",
}
catalog = load_catalog("rig", type="rest", uri=uri, warehouse=warehouse, **store)

place = StructType(
    NestedField(101, "topic", StringType()), NestedField(102, "partition", IntegerType()),
    NestedField(103, "offset", LongType()), NestedField(104, "timestamp", TimestamptzType()),
)
types = [
    ("id", LongType()), ("flag", BooleanType()), ("small", IntegerType()), ("ratio", FloatType()),
    ("exact", DoubleType()), ("price", DecimalType(20, 4)), ("day", DateType()), ("at", TimeType()),
    ("local", TimestampType()), ("moment", TimestamptzType()), ("name", StringType()), ("key", UUIDType()),
    ("code", FixedType(4)), ("raw", BinaryType()), ("tags", ListType(201, StringType(), False)),
    ("counts", MapType(301, StringType(), 302, LongType(), False)), ("_kafka", place),
]
left_out = sys.argv[4] if len(sys.argv) > 4 else None
types = [(name, kind) for name, kind in types if name != left_out]
schema = Schema(*[NestedField(i + 1, name, kind) for i, (name, kind) in enumerate(types)])
catalog.create_namespace_if_not_exists("rig")
table = catalog.create_table("rig.everything", schema)

utc = dt.timezone.utc
full = {
    "id": 2**63 - 1, "flag": True, "small": -(2**31), "ratio": 0.1, "exact": 1e300,
    "price": decimal.Decimal("1234567890123456.7890"), "day": dt.date(1969, 12, 31), "at": dt.time(23, 59, 59, 999999),
    "local": dt.datetime(1900, 1, 1, 0, 0, 0, 1), "moment": dt.datetime(9999, 12, 31, 23, 59, 59, 999999, utc),
    "name": "Grüße, 世界 \U0001f600", "key": uuid.UUID("f79c3e09-677c-4bbd-a479-3f349cb785e7").bytes, "code": b"\0\1\2\xff",
    "raw": b"", "tags": ["a", None, ""], "counts": {"b": 2, "a": None},
    "_kafka": {"topic": "orders", "partition": 0, "offset": 41, "timestamp": dt.datetime(2024, 5, 1, tzinfo=utc)},
}
full.pop(left_out, None)
empty = {name: None for name, _ in types} | {
    "id": 1, "_kafka": {"topic": "orders", "partition": 0, "offset": 42, "timestamp": None},
}
table.append(pa.Table.from_pylist([full], schema=table.schema().as_arrow()))
table.append(pa.Table.from_pylist([empty, empty], schema=table.schema().as_arrow()))
print(table.metadata_location, end="")
