"""What parquet-java passes over in a file when it looks for a value: by statistics, dictionaries, Bloom filters, pages."""


def prune(session, ask):
    """One question to two releases of parquet-java: Spark's own, and the newer one within Iceberg's jar."""
    jvm = session._jvm
    java = {"spark": jvm.org.apache.parquet, "iceberg": jvm.org.apache.iceberg.shaded.org.apache.parquet}
    return {name: prune_with(session, parquet, ask) for name, parquet in java.items()}


def prune_with(session, parquet, ask):
    wanted = equals(parquet, ask["column"], ask["value"])
    reader = open_file(session, parquet, ask, wanted)
    try:
        facts = {
            "rowGroups": reader.getRowGroups().size(),
            "rowCount": reader.getRecordCount(),
            "filteredRowCount": reader.getFilteredRecordCount(),
        }
        pages = pages_of(reader)
    finally:
        reader.close()
    reader = open_file(session, parquet, ask, wanted)
    try:
        return {**facts, "pages": pages, "rows": rows_of(parquet, reader)}
    finally:
        reader.close()


def equals(parquet, column, value):
    """py4j makes a `Long` of no integer within 32 bits: ask for larger ones."""
    api = parquet.filter2.predicate.FilterApi
    if isinstance(value, str):
        return api.eq(api.binaryColumn(column), parquet.io.api.Binary.fromString(value))
    return api.eq(api.longColumn(column), value)


def open_file(session, parquet, ask, wanted):
    configuration = session._jsc.hadoopConfiguration()
    path = session._jvm.org.apache.hadoop.fs.Path(ask["path"])
    by = ask["by"]
    options = (
        parquet.HadoopReadOptions.builder(configuration)
        .withRecordFilter(parquet.filter2.compat.FilterCompat.get(wanted))
        .useRecordFilter(False)
        .useStatsFilter(by == "statistics")
        .useDictionaryFilter(by == "dictionary")
        .useBloomFilter(by == "bloom")
        .useColumnIndexFilter(by == "pages")
        .build()
    )
    file = parquet.hadoop.util.HadoopInputFile.fromPath(path, configuration)
    return parquet.hadoop.ParquetFileReader.open(file, options)


def row_groups(reader):
    group = reader.readNextFilteredRowGroup()
    while group is not None:
        yield group
        group = reader.readNextFilteredRowGroup()


def pages_of(reader):
    """How many data pages of each column are read."""
    columns = list(reader.getFileMetaData().getSchema().getColumns())
    counts = {column.getPath()[0]: 0 for column in columns}
    for group in row_groups(reader):
        for column in columns:
            pages = group.getPageReader(column)
            while pages.readPage() is not None:
                counts[column.getPath()[0]] += 1
    return counts


def rows_of(parquet, reader):
    """The rows in the row groups and pages that are left, as parquet-java prints them."""
    schema = reader.getFileMetaData().getSchema()
    columns = parquet.io.ColumnIOFactory().getColumnIO(schema)
    texts = []
    for group in row_groups(reader):
        converter = parquet.example.data.simple.convert.GroupRecordConverter(schema)
        records = columns.getRecordReader(group, converter)
        texts += [records.read().toString() for _ in range(group.getRowCount())]
    return texts
