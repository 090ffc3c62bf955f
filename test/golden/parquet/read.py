"""What PyArrow reads from all-types.parquet, as JSON: integers and unscaled decimals as text, bytes and doubles in hex."""

import json
import pathlib
import struct

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent


def plain(scalar):
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if isinstance(scalar, pa.ExtensionScalar):
        return scalar.value.as_py().hex()
    if pa.types.is_map(kind):
        return [[plain(entry[0]), plain(entry[1])] for entry in scalar.values]
    if pa.types.is_list(kind):
        return [plain(element) for element in scalar.values]
    if pa.types.is_struct(kind):
        return [plain(scalar[index]) for index in range(kind.num_fields)]
    if pa.types.is_decimal(kind):
        sign, digits, _ = scalar.as_py().as_tuple()
        return str((-1 if sign else 1) * int("".join(map(str, digits))))
    if pa.types.is_date32(kind):
        return str(scalar.cast(pa.int32()).as_py())
    if pa.types.is_temporal(kind):
        return str(scalar.cast(pa.int64()).as_py())
    if pa.types.is_floating(kind):
        return struct.pack(">d", scalar.as_py()).hex()
    if pa.types.is_integer(kind):
        return str(scalar.as_py())
    value = scalar.as_py()
    return value.hex() if isinstance(value, bytes) else value


table = pq.ParquetFile(HERE / "all-types.parquet", page_checksum_verification=True).read()
rows = [[plain(column[row]) for column in table.columns] for row in range(table.num_rows)]
text = json.dumps(rows, indent=2, ensure_ascii=False)
(HERE / "all-types.json").write_text(text + "\n", encoding="utf-8")
