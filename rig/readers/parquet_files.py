"""Parquet files as such, by engines that know how to prune: DuckDB, and in one JVM what Spark and Iceberg bring."""
import functools
import json
import os
import tempfile

import canonical
import engines
import parquet_pruning


def by_duckdb(request):
    con = engines.connect()
    return [duckdb_reading(con, file["path"], file["readings"]["duckdb"]) for file in request["files"]]


def duckdb_reading(con, path, reading):
    relation = "read_parquet('" + path.replace("'", "''") + "')"
    names = ", ".join(engines.quoted(field["name"]) for field in reading["fields"])
    table = con.execute(f"SELECT {names} FROM {relation}").to_arrow_table()
    found = [con.execute(f"SELECT id FROM {relation} WHERE {ask}").fetchall() for ask in reading["lookups"]]
    return {"duckdb": {"rows": canonical.rows(table, reading["fields"]), "found": [texts(ids) for ids in found]}}


def texts(rows):
    return [str(row_id) for row_id, in sorted(rows)]


def by_java(request):
    """All by one JVM: it takes longer to start than to read a dozen files."""
    session = engines.spark_session("m", engines.memory_catalog(None), JAVA_SETTINGS)
    with tempfile.TemporaryDirectory(prefix="firn-rig-java-") as scratch:
        read = []
        for at, file in enumerate(request["files"]):
            readings = file["readings"].items()
            places = {way: os.path.join(scratch, f"{at}-{way}") for way, _ in readings}
            read.append({way: java_reading(session, (file["path"], way), one, places[way]) for way, one in readings})
    return [read, [parquet_pruning.prune(session, ask) for ask in request["prunes"]]]


JAVA_SETTINGS = {
    # Days and times are proleptic Gregorian in Parquet; Spark wants to be told.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # Much code, each piece of it run a few times: optimising it would take twice as long.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


def java_reading(session, file, reading, scratch):
    """By one of three ways: record by record as parquet-java assembles them, in Spark's vectors, as an Iceberg table."""
    import pyarrow.parquet as pq

    path, way = file
    os.mkdir(scratch)
    # Compiling a plan takes longer than running it, but Spark's vectors want it compiled.
    session.conf.set("spark.sql.codegen.wholeStage", str(way == "vectors").lower())
    if way == "iceberg":
        frame = iceberg_frame(session, reading, path, os.path.join(scratch, "table"))
    else:
        for part in ("VectorizedReader", "NestedColumnVectorizedReader"):
            session.conf.set(f"spark.sql.parquet.enable{part}", str(way == "vectors").lower())
        # Record by record, parquet-java up to 2026 gives values of other rows where it skips pages (apache/parquet-java#3747).
        page_index = {"parquet.filter.columnindex.enabled": str(way == "vectors").lower()}
        schema = spark_type({"type": "struct", "fields": reading["fields"]})
        frame = session.read.schema(schema).options(**page_index).parquet(path)
    # Through a file: Spark 3.5's own Arrow does not run on Java 21.
    rows = os.path.join(scratch, "rows")
    frame.write.parquet(rows)
    found = spark_lookups(frame, reading["lookups"])
    return {"rows": canonical.rows(pq.read_table(rows), reading["fields"]), "found": found}


def spark_lookups(frame, lookups):
    """The ids that each condition finds, all in one job."""
    from pyspark.sql import functions

    parts = [frame.filter(ask).select(functions.lit(at).alias("ask"), "id") for at, ask in enumerate(lookups)]
    rows = functools.reduce(lambda whole, part: whole.union(part), parts).collect() if parts else []
    return [texts([(row_id,) for at, row_id in rows if at == wanted]) for wanted in range(len(lookups))]


def iceberg_frame(session, reading, path, location):
    """The file as the one of a table. What the table knows of it is left out: the file's own statistics must do."""
    java = session._jvm.org.apache.iceberg
    os.makedirs(os.path.join(location, "metadata"))
    # By hand: a table that Java creates has field ids of Java's.
    with open(os.path.join(location, "metadata", "v1.metadata.json"), "w") as out:
        json.dump({**EMPTY_TABLE, "location": location, "schemas": [reading["schema"]]}, out)
    table = java.hadoop.HadoopTables(session._jsc.hadoopConfiguration()).load(location)
    file = (
        java.DataFiles.builder(table.spec())
        .withPath(path)
        .withFormat("parquet")
        .withFileSizeInBytes(os.path.getsize(path))
        .withRecordCount(reading["rowCount"])
        .build()
    )
    table.newAppend().appendFile(file).commit()
    return session.read.format("iceberg").load(location)


EMPTY_TABLE = {
    "format-version": 2,
    "table-uuid": "b2e7b3a0-5d0c-4a42-9a4e-0c1c0f3b1c11",
    "last-sequence-number": 0,
    "last-updated-ms": 0,
    "last-column-id": 999,
    "current-schema-id": 0,
    "partition-specs": [{"spec-id": 0, "fields": []}],
    "default-spec-id": 0,
    "last-partition-id": 999,
    "sort-orders": [{"order-id": 0, "fields": []}],
    "default-sort-order-id": 0,
}


def spark_type(kind):
    """What Spark can hold exactly: it has no time of day, no uuid and no nanoseconds, so these are read as stored."""
    from pyspark.sql import types as t

    name = canonical.primitive(kind)
    if name == "struct":
        return t.StructType([t.StructField(f["name"], spark_type(f["type"])) for f in kind["fields"]])
    if name == "list":
        return t.ArrayType(spark_type(kind["element"]))
    if name == "map":
        return t.MapType(spark_type(kind["key"]), spark_type(kind["value"]))
    if name == "decimal":
        precision, scale = kind[len("decimal("):-1].split(",")
        return t.DecimalType(int(precision), int(scale))
    return getattr(t, SPARK_TYPES[name])()


SPARK_TYPES = {
    "boolean": "BooleanType",
    "int": "IntegerType",
    "long": "LongType",
    "float": "FloatType",
    "double": "DoubleType",
    "date": "DateType",
    "time": "LongType",
    "timestamp": "TimestampNTZType",
    "timestamptz": "TimestampType",
    "timestamp_ns": "LongType",
    "timestamptz_ns": "LongType",
    "string": "StringType",
    "uuid": "BinaryType",
    "fixed": "BinaryType",
    "binary": "BinaryType",
}

TASKS = {"parquet-duckdb": by_duckdb, "parquet-java": by_java}
