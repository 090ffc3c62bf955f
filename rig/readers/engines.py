"""The readers themselves. Each gives an Arrow table of the wanted columns of one snapshot of a table."""
import os
import re
import tempfile


def local_path(location):
    return re.sub("^file:/+", "/", location)


def connect(extension_directory=None, s3=None):
    """A DuckDB; with its Iceberg extension, taken from the wheels, where a directory for it is given."""
    import duckdb

    config = {"autoinstall_known_extensions": "false"}
    if extension_directory is not None:
        config["extension_directory"] = extension_directory
    con = duckdb.connect(config=config)
    con.execute("SET TimeZone = 'UTC'")
    if extension_directory is not None:
        for name in ("avro", "httpfs", "iceberg"):
            con.execute(f"LOAD {name}")
    if s3 is not None:
        con.execute(
            "CREATE SECRET (TYPE s3, KEY_ID ?, SECRET ?, REGION ?, ENDPOINT ?, URL_STYLE 'path', USE_SSL false)",
            [s3["accessKeyId"], s3["secretAccessKey"], s3["region"], re.sub("^http://", "", s3["endpoint"])],
        )
    return con


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class DuckDb:
    def __init__(self, table, extension_directory):
        self.con = connect(extension_directory, table.get("s3"))
        self.table = table

    def relation(self):
        """SQL for the table, so that large ones need not be copied."""
        at = self.table.get("snapshotId")
        snapshot = "" if at is None else f", snapshot_from_id = {int(at)}"
        location = local_path(self.table["location"]).replace("'", "''")
        return f"iceberg_scan('{location}'{snapshot})"

    def load(self, columns):
        names = ", ".join(quoted(name) for name in columns)
        return self.con.execute(f"SELECT {names} FROM {self.relation()}").to_arrow_table()


class PyIceberg:
    def __init__(self, table, _extension_directory):
        from pyiceberg.table import StaticTable

        s3 = table.get("s3")
        properties = {} if s3 is None else {
            "s3.endpoint": s3["endpoint"],
            "s3.access-key-id": s3["accessKeyId"],
            "s3.secret-access-key": s3["secretAccessKey"],
            "s3.region": s3["region"],
            "s3.force-virtual-addressing": "false",
        }
        self.table = StaticTable.from_metadata(table["location"], properties)
        self.snapshot = None if table.get("snapshotId") is None else int(table["snapshotId"])
        self.con = connect()

    def load(self, columns):
        scan = self.table.scan(selected_fields=tuple(columns), snapshot_id=self.snapshot)
        return scan.to_arrow()


class Spark:
    """Through a catalog of its own, in a database in memory, in which the metadata file is registered."""

    def __init__(self, table, _extension_directory):
        self.session = spark_session("m", memory_catalog(table.get("s3")))
        self.session.sql("CREATE NAMESPACE m.db")
        location = table["location"].replace("'", "\\'")
        self.session.sql(f"CALL m.system.register_table(table => 'db.t', metadata_file => '{location}')")
        self.snapshot = table.get("snapshotId")
        self.con = connect()

    def load(self, columns):
        import pyarrow.parquet as pq

        version = "" if self.snapshot is None else f" VERSION AS OF {int(self.snapshot)}"
        names = ", ".join("`" + name.replace("`", "``") + "`" for name in columns)
        # Through a file: Spark 3.5's own Arrow does not run on Java 21.
        with tempfile.TemporaryDirectory(prefix="firn-rig-spark-") as directory:
            self.session.sql(f"SELECT {names} FROM m.db.t{version}").write.parquet(directory, mode="overwrite")
            return pq.read_table(directory)


def s3_properties(s3):
    return {} if s3 is None else {
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "s3.endpoint": s3["endpoint"],
        "s3.path-style-access": "true",
        "s3.access-key-id": s3["accessKeyId"],
        "s3.secret-access-key": s3["secretAccessKey"],
        "client.region": s3["region"],
    }


def memory_catalog(s3):
    """Iceberg's own catalog in memory has its own file system too, so: sqlite."""
    return {
        "catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        "uri": "jdbc:sqlite:file:rig?mode=memory&cache=shared",
        "jdbc.schema-version": "V1",
        # One connection: the database ends with its last one.
        "clients": "1",
        "warehouse": "file:/nonexistent",
        **s3_properties(s3),
    }


def rest_catalog(uri, warehouse, s3):
    return {"type": "rest", "uri": uri, "warehouse": warehouse, **s3_properties(s3)}


def spark_session(catalog, properties, settings={}):
    from pyspark.sql import SparkSession

    config = {
        "spark.jars": os.environ["SPARK_JARS_LIST"],
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.driver.memory": "2g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        f"spark.sql.catalog.{catalog}": "org.apache.iceberg.spark.SparkCatalog",
    }
    builder = SparkSession.builder.master("local[2]").appName("firn-rig")
    for key, value in {**config, **settings, **{f"spark.sql.catalog.{catalog}.{k}": v for k, v in properties.items()}}.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


ENGINES = {"duckdb": DuckDb, "pyiceberg": PyIceberg, "spark": Spark}
