"""Answers questions about a table, or runs SQL. One request as JSON on standard input, one answer on standard output."""
import json
import os
import sys

import canonical
import engines
import parquet_files


def main():
    request = json.load(sys.stdin)
    # Engines print to standard output as they please; the answer alone may go there.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        answer = {"kind": "answers", "answers": TASKS[request["task"]](request)}
    except Exception as error:
        answer = {"kind": "failed", "error": f"{type(error).__name__}: {error}"}
    json.dump(answer, out)
    out.flush()


def read(request):
    engine = engines.ENGINES[request["engine"]](request["table"], request.get("extensionDirectory"))
    fields = {field["name"]: field for field in request["fields"]}
    return [ASKS[ask["kind"]](engine, fields, ask) for ask in request["asks"]]


def view(engine, columns):
    """A name that SQL may select these columns from."""
    if hasattr(engine, "relation"):
        return engine.relation()
    engine.con.register("t", engine.load(columns))
    return "t"


def count(engine, fields, _ask):
    first = next(iter(fields))
    return engine.con.execute(f"SELECT count(*) FROM {view(engine, [first])}").fetchone()[0]


def rows(engine, fields, ask):
    columns = ask.get("columns") or list(fields)
    return canonical.rows(engine.load(columns), [fields[name] for name in columns])


def positions(engine, _fields, ask):
    column = engines.quoted(ask.get("column", "_kafka"))
    relation = view(engine, [ask.get("column", "_kafka")])
    table = engine.con.execute(
        f"""SELECT {column}.topic AS topic, {column}.partition AS partition, count(*) AS rows,
        count(DISTINCT {column}."offset") AS "distinct", min({column}."offset") AS first, max({column}."offset") AS last
        FROM {relation} GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    names = ("topic", "partition", "rows", "distinct", "first", "last")
    texts = ("first", "last")
    return [{n: str(v) if n in texts else v for n, v in zip(names, row)} for row in table]


def digest(engine, fields, ask):
    columns = ask.get("columns") or [name for name in fields if name != "_kafka"]
    needed = list(dict.fromkeys(columns + ask.get("key", [])))
    return digests(engine.con, view(engine, needed), fields, columns, ask.get("key", []))


def sql(engine, fields, ask):
    columns = ask.get("columns") or list(fields)
    if hasattr(engine, "relation"):
        engine.con.execute(f"CREATE OR REPLACE TEMP VIEW t AS SELECT * FROM {engine.relation()}")
    else:
        engine.con.register("t", engine.load(columns))
    return result(engine.con, ask["sql"])


def digests(con, relation, fields, columns, key):
    """Per column a sum of hashes over all rows: whatever their order, the same for the same values of the same type."""
    cast = {name: f"CAST({engines.quoted(name)} AS {duckdb_type(fields[name]['type'])})" for name in columns + key}
    keys = [cast[name] for name in key]
    sums = [f"CAST(sum(CAST(hash({', '.join([cast[name], *keys])}) AS HUGEINT)) AS VARCHAR)" for name in columns]
    row = con.execute(f"SELECT count(*), {', '.join(sums)} FROM {relation}").fetchone()
    return {"rows": row[0], "columns": dict(zip(columns, row[1:]))}


def digest_lines(request):
    """The digest of newline-delimited JSON: what was produced, read with the columns' types."""
    con = engines.connect()
    fields = {field["name"]: field for field in request["fields"]}
    types = ", ".join(f"{engines.quoted(n)}: '{duckdb_type(f['type'])}'" for n, f in fields.items())
    path = request["path"].replace("'", "''")
    relation = f"read_json('{path}', format = 'newline_delimited', columns = {{{types}}})"
    return [digests(con, relation, fields, list(fields), request.get("key", []))]


def duckdb_type(kind):
    name = canonical.primitive(kind)
    if name == "struct":
        inner = ", ".join(f"{engines.quoted(f['name'])} {duckdb_type(f['type'])}" for f in kind["fields"])
        return f"STRUCT({inner})"
    if name == "list":
        return duckdb_type(kind["element"]) + "[]"
    if name == "map":
        return f"MAP({duckdb_type(kind['key'])}, {duckdb_type(kind['value'])})"
    return kind.replace(" ", "").upper() if name == "decimal" else DUCKDB_TYPES[name]


DUCKDB_TYPES = {
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "timestamp_ns": "TIMESTAMP_NS",
    "timestamptz_ns": "TIMESTAMPTZ",
    "string": "VARCHAR",
    "uuid": "UUID",
    "fixed": "BLOB",
    "binary": "BLOB",
}


def duckdb_sql(request):
    con = engines.connect(request["extensionDirectory"], request.get("s3"))
    return [result(con, statement) for statement in request["statements"]]


def result(con, statement):
    table = con.execute(statement).to_arrow_table()
    return canonical.rows(table, canonical.fields_of_arrow(table.schema))


def spark_sql(request):
    session = engines.spark_session(
        "rest", engines.rest_catalog(request["uri"], request["warehouse"], request.get("s3"))
    )
    session.sql("USE rest")
    return [spark_rows(session.sql(text)) for text in request["statements"]]


def spark_rows(frame):
    kinds = {field.name: field.dataType.typeName() for field in frame.schema.fields}
    return [{n: spark_value(v, kinds[n]) for n, v in row.asDict(True).items()} for row in frame.collect()]


def spark_value(value, kind):
    """Canonical for the plain types that procedures and small queries give; other values as Python's text."""
    plain = value is None or kind in ("boolean", "integer", "short", "byte", "string")
    return value if plain else canonical.floating(value) if kind in ("float", "double") else str(value)


ASKS = {"count": count, "rows": rows, "positions": positions, "digest": digest, "sql": sql}
TASKS = {"read": read, "digest-lines": digest_lines, "duckdb-sql": duckdb_sql, "spark-sql": spark_sql}
TASKS |= parquet_files.TASKS

if __name__ == "__main__":
    main()
