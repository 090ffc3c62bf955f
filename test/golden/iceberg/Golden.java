// Makes the golden files of this folder with Apache Iceberg's own library; see README.md.
package org.apache.iceberg;

import java.io.*;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import org.apache.iceberg.avro.AvroSchemaUtil;
import org.apache.iceberg.catalog.*;
import org.apache.iceberg.expressions.*;
import org.apache.iceberg.inmemory.InMemoryCatalog;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.transforms.*;
import org.apache.iceberg.types.*;
import org.apache.iceberg.util.*;
import static org.apache.iceberg.types.Types.NestedField.*;

public class Golden {
  static final ObjectMapper JSON = new ObjectMapper();
  static InMemoryCatalog catalog = new InMemoryCatalog();
  static Path out;

  // Columns of every primitive type, ids 1..; v3's types only where asked.
  static List<Types.NestedField> columns(boolean v3) {
    List<Type> types = new ArrayList<>(List.of(Types.BooleanType.get(), Types.IntegerType.get(), Types.LongType.get(),
        Types.FloatType.get(), Types.DoubleType.get(), Types.DecimalType.of(9, 2), Types.DecimalType.of(38, 10),
        Types.DateType.get(), Types.TimeType.get(), Types.TimestampType.withoutZone(), Types.TimestampType.withZone(),
        Types.StringType.get(), Types.UUIDType.get(), Types.FixedType.ofLength(3), Types.BinaryType.get()));
    if (v3) types.addAll(List.of(Types.TimestampNanoType.withoutZone(), Types.TimestampNanoType.withZone()));
    List<Types.NestedField> fields = new ArrayList<>();
    for (Type t : types) fields.add(optional(fields.size() + 1, "c" + (fields.size() + 1), t));
    return fields;
  }

  static Object[][] values(Type t) {
    UUID u = UUID.fromString("f79c3e09-677c-4bbd-a479-3f349cb785e7");
    return switch (t.typeId()) {
      case BOOLEAN -> rows(true, false);
      case INTEGER -> rows(34, 0, -1, 10, 1999, Integer.MAX_VALUE, Integer.MIN_VALUE + 7);
      case LONG -> rows(34L, 0L, -1L, -11L, 6838723292707092922L, Long.MAX_VALUE, Long.MIN_VALUE + 10);
      case FLOAT -> rows(1.0f, -0.0f, 0.0f, 3.4e38f, 1.1f, 1e-10f, 123456.7f, Float.NaN, Float.POSITIVE_INFINITY);
      case DOUBLE -> rows(1.0, -0.0, 0.0, 1.5e300, 0.1, 1e-10, 1234567.0, 12345678.9, 0.001, 0.00099, Double.NaN, Double.NEGATIVE_INFINITY);
      case DECIMAL -> {
        int s = ((Types.DecimalType) t).scale();
        int p = ((Types.DecimalType) t).precision();
        yield rows(new BigDecimal("14.20").setScale(s), new BigDecimal("-0.01").setScale(s), BigDecimal.ZERO.setScale(s),
            new BigDecimal("10.65").setScale(s), new BigDecimal("-10.65").setScale(s), new BigDecimal("1.28").setScale(s),
            new BigDecimal(java.math.BigInteger.TEN.pow(p).subtract(java.math.BigInteger.ONE), s), new BigDecimal(java.math.BigInteger.ONE, s));
      }
      case DATE -> rows(17486, 0, -1, -365, 2932897, -719529, 11016);
      case TIME -> rows(81068000000L, 0L, 81068123456L, 60000000L, 1000L, 86399999999L);
      case TIMESTAMP -> rows(1510871468000000L, 1510871468000001L, 0L, -1L, -3600000001L, 253402300800000000L, 1510871460000000L, -62198755200000001L);
      case TIMESTAMP_NANO -> rows(1510871468000000000L, 1510871468000001001L, 0L, -1L, -3600000000001L, Long.MAX_VALUE);
      case STRING -> rows("iceberg", "", "ein Gruß, 100% süß/sauer+?&=*~!'()", "\uD83D\uDE00\uD83D\uDE01 pair", "null", "a\u0000b");
      case UUID -> rows(u, new UUID(0, 0), new UUID(-1, -1));
      case FIXED -> rows(bytes(0, 1, 2), bytes(255, 255, 255));
      case BINARY -> rows(bytes(0, 1, 2, 3), bytes(), bytes(255, 254, 253, 252, 251));
      default -> throw new IllegalStateException(t.toString());
    };
  }

  static Object[][] rows(Object... values) { return Arrays.stream(values).map(v -> new Object[] {v}).toArray(Object[][]::new); }
  static ByteBuffer bytes(int... b) { byte[] a = new byte[b.length]; for (int i = 0; i < b.length; i++) a[i] = (byte) b[i]; return ByteBuffer.wrap(a); }
  static String hex(ByteBuffer b) { if (b == null) return null; StringBuilder s = new StringBuilder(); ByteBuffer d = b.duplicate(); while (d.hasRemaining()) s.append(String.format("%02x", d.get())); return s.toString(); }

  // A value as hexadecimal single-value bytes, which says everything about it in every type.
  static String single(Type t, Object v) { return v == null ? null : hex(Conversions.toByteBuffer(t, v)); }

  // ---- vectors ----

  static final List<Transform<?, ?>> TRANSFORMS = List.of(Transforms.identity(), Transforms.bucket(16), Transforms.bucket(1000003),
      Transforms.truncate(1), Transforms.truncate(3), Transforms.truncate(50), Transforms.year(), Transforms.month(), Transforms.day(), Transforms.hour(), Transforms.alwaysNull());

  @SuppressWarnings("unchecked")
  static ArrayNode transformVectors() {
    ArrayNode all = JSON.createArrayNode();
    for (Types.NestedField f : columns(true)) for (Transform<?, ?> raw : TRANSFORMS) {
      Transform<Object, Object> t = (Transform<Object, Object>) raw;
      ObjectNode n = all.addObject().put("type", f.type().toString()).put("transform", t.toString()).put("takes", t.canTransform(f.type()));
      if (!t.canTransform(f.type())) continue;
      Type result = t.getResultType(f.type());
      n.put("result", result.toString());
      ArrayNode cases = n.putArray("cases");
      for (Object[] v : values(f.type())) {
        Object r = t.bind(f.type()).apply(v[0]);
        cases.addObject().put("value", single(f.type(), v[0])).put("to", single(result, r)).put("human", t.toHumanString(result, r));
      }
    }
    return all;
  }

  static ArrayNode valueVectors() {
    ArrayNode all = JSON.createArrayNode();
    for (Types.NestedField f : columns(true)) for (Object[] v : values(f.type())) {
      boolean nan = v[0] instanceof Float x && !Float.isFinite(x) || v[0] instanceof Double y && !Double.isFinite(y);
      ObjectNode n = all.addObject().put("type", f.type().toString()).put("bytes", single(f.type(), v[0]));
      if (!nan) n.put("json", SingleValueParser.toJson(f.type(), v[0]));
    }
    return all;
  }

  static ArrayNode boundVectors() {
    ArrayNode all = JSON.createArrayNode();
    for (String s : List.of("abc", "abcd", "ab\uD7FFx", "ab\uDBFF\uDFFFx", "\uDBFF\uDFFF\uDBFF\uDFFF\uDBFF\uDFFFx", "\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00", "", "ab\u007fx", "zz\uFFFFq"))
      for (int n : new int[] {1, 2, 3, 16}) all.addObject().put("text", s).put("length", n).put("lower", UnicodeUtil.truncateStringMin(s, n)).put("upper", UnicodeUtil.truncateStringMax(s, n));
    for (ByteBuffer b : List.of(bytes(1, 2, 3, 4), bytes(1, 255, 255, 4), bytes(255, 255, 255, 255), bytes()))
      for (int n : new int[] {1, 2, 3, 16}) {
        ByteBuffer copy = ByteBuffer.wrap(b.array().clone());
        all.addObject().put("bytes", hex(b)).put("length", n).put("lower", hex(BinaryUtil.truncateBinaryMin(copy, n))).put("upper", hex(BinaryUtil.truncateBinaryMax(copy, n)));
      }
    return all;
  }

  static ArrayNode nameVectors() {
    ArrayNode all = JSON.createArrayNode();
    for (String s : List.of("plain", "a.b", "1st", "a b", "größe", "x-y", "_ok9", "日本", "\uD83D\uDE00", "a٣", "٣a", "é%", "a\u0301"))
      all.addObject().put("name", s).put("avro", AvroSchemaUtil.makeCompatibleName(s));
    return all;
  }

  static Schema nested() {
    return new Schema(List.of(
        required(1, "id", Types.LongType.get()), optional(2, "name", Types.StringType.get(), "who it is"),
        required(3, "address", Types.StructType.of(required(4, "city", Types.StringType.get()), optional(5, "zip code", Types.IntegerType.get()))),
        optional(6, "items", Types.ListType.ofRequired(7, Types.StructType.of(optional(8, "price", Types.DecimalType.of(9, 2)), optional(9, "tags", Types.ListType.ofOptional(10, Types.StringType.get()))))),
        optional(11, "attributes", Types.MapType.ofOptional(12, 13, Types.StringType.get(), Types.StructType.of(optional(14, "v", Types.DoubleType.get())))),
        optional(15, "1st.odd", Types.IntegerType.get())), Set.of(1));
  }

  static Schema wide(int n) {
    List<Types.NestedField> fields = new ArrayList<>();
    fields.add(optional(1, "s", Types.StructType.of(optional(2, "x", Types.IntegerType.get()), optional(3, "l", Types.ListType.ofOptional(4, Types.IntegerType.get())))));
    fields.add(optional(5, "m", Types.MapType.ofOptional(6, 7, Types.StringType.get(), Types.IntegerType.get())));
    for (int i = 0; i < n; i++) fields.add(optional(10 + i, "w" + i, Types.IntegerType.get()));
    return new Schema(fields);
  }

  static ArrayNode metricsVectors() {
    ArrayNode all = JSON.createArrayNode();
    List<Map<String, String>> props = List.of(Map.of(), Map.of("write.metadata.metrics.default", "counts"), Map.of("write.metadata.metrics.default", "full", "write.metadata.metrics.column.name", "truncate(4)"),
        Map.of("write.metadata.metrics.default", "nonsense"), Map.of("write.metadata.metrics.column.address.city", "NONE", "write.metadata.metrics.column.items.element.price", "full"),
        Map.of("write.metadata.metrics.max-inferred-column-defaults", "3"), Map.of("write.metadata.metrics.max-inferred-column-defaults", "0", "write.metadata.metrics.column.w1", "bad"),
        Map.of("write.metadata.metrics.max-inferred-column-defaults", "9"), Map.of("write.metadata.metrics.max-inferred-column-defaults", "8"), Map.of("write.metadata.metrics.max-inferred-column-defaults", "-5"));
    for (Schema s : List.of(nested(), wide(3), wide(150))) for (Map<String, String> p : props) for (boolean sorted : new boolean[] {false, true}) {
      String prefix = "write.metadata.metrics.column.";
      if (p.keySet().stream().anyMatch(k -> k.startsWith(prefix) && s.findField(k.substring(prefix.length())) == null)) continue;
      int source = s.columns().get(s.columns().size() - 1).fieldId();
      SortOrder order = sorted ? SortOrder.builderFor(s).asc(s.findColumnName(source)).build() : SortOrder.unsorted();
      Table t = catalog.buildTable(TableIdentifier.of("db", "metrics" + all.size()), s).withSortOrder(order).withProperties(p).create();
      MetricsConfig c = MetricsConfig.forTable(t);
      ObjectNode n = all.addObject();
      n.set("schema", tree(SchemaParser.toJson(t.schema())));
      n.set("properties", JSON.valueToTree(new TreeMap<>(p)));
      n.set("sortOrder", tree(SortOrderParser.toJson(t.sortOrder())));
      ObjectNode modes = n.putObject("modes");
      for (int id : TypeUtil.indexById(t.schema().asStruct()).keySet()) modes.put("" + id, MetricsUtil.metricsMode(t.schema(), c, id).toString());
    }
    return all;
  }

  static ArrayNode freshIdVectors() {
    ArrayNode all = JSON.createArrayNode();
    for (Schema s : List.of(nested(), wide(2))) {
      java.util.concurrent.atomic.AtomicInteger last = new java.util.concurrent.atomic.AtomicInteger();
      ObjectNode n = all.addObject();
      n.set("schema", tree(SchemaParser.toJson(s)));
      n.set("fresh", tree(SchemaParser.toJson(TypeUtil.assignFreshIds(s, last::incrementAndGet))));
      ObjectNode names = n.putObject("names");
      TypeUtil.indexByName(s.asStruct()).forEach(names::put);
    }
    return all;
  }

  static JsonNode tree(String json) { try { return JSON.readTree(json); } catch (IOException e) { throw new UncheckedIOException(e); } }

  // ---- tables ----

  static Table create(String name, Schema s, PartitionSpec spec, int version, Map<String, String> more) {
    Map<String, String> p = new HashMap<>(more);
    p.put("format-version", "" + version);
    return catalog.buildTable(TableIdentifier.of("db", name), s).withPartitionSpec(spec).withLocation("s3://golden/" + name).withProperties(p).create();
  }

  static int files = 0;

  static DataFile file(Table t, PartitionSpec spec, Object... partition) {
    PartitionData d = new PartitionData(spec.partitionType());
    for (int i = 0; i < partition.length; i++) d.set(i, partition[i]);
    files += 1;
    Map<Integer, ByteBuffer> low = new TreeMap<>(Map.of(1, bytes(1, 0, 0, 0, 0, 0, 0, 0)));
    Map<Integer, ByteBuffer> high = new TreeMap<>(Map.of(1, bytes(9, 0, 0, 0, 0, 0, 0, 0)));
    Metrics m = new Metrics(10L + files, new TreeMap<>(Map.of(1, 40L, 2, 1L << 40)), new TreeMap<>(Map.of(1, 10L, 2, 10L)), new TreeMap<>(Map.of(1, 0L, 2, 3L)), files % 2 == 0 ? new TreeMap<>(Map.of(5, 1L)) : null, low, high);
    DataFiles.Builder b = DataFiles.builder(spec).withPath(t.location() + "/data/f" + files + ".parquet").withFormat(FileFormat.PARQUET).withFileSizeInBytes(1000 + files).withMetrics(m).withSplitOffsets(List.of(4L, 500L));
    if (spec.isPartitioned()) b.withPartition(d);
    if (files % 3 == 0) b.withSortOrder(t.sortOrder());
    return b.build();
  }

  static void everyTransform(int version) {
    Schema s = new Schema(columns(version == 3));
    PartitionSpec.Builder b = PartitionSpec.builderFor(s);
    for (Types.NestedField f : s.columns()) if (f.type().typeId() != Type.TypeID.FIXED) b.identity(f.name());
    b.bucket("c2", 16).bucket("c3", 4).bucket("c6", 5).bucket("c12", 8).bucket("c13", 8).bucket("c15", 8).truncate("c2", 10).truncate("c6", 50).truncate("c12", 3).truncate("c15", 2)
        .year("c8").month("c10", "c10 month").day("c11", "größe.day").alwaysNull("c1");
    if (version == 3) b.hour("c17");
    Table t = create("v" + version + "_transforms", s, b.build(), version, Map.of());
    AppendFiles append = t.newAppend();
    for (int row = 0; row < 3; row++) {
      List<Object> tuple = new ArrayList<>();
      for (PartitionField f : t.spec().fields()) {
        Type source = t.schema().findType(f.sourceId());
        Object[][] v = values(source);
        @SuppressWarnings("unchecked") Transform<Object, Object> tr = (Transform<Object, Object>) f.transform();
        tuple.add(row == 2 ? null : tr.bind(source).apply(v[(row * 2 + 1) % v.length][0]));
      }
      append.appendFile(file(t, t.spec(), tuple.toArray()));
    }
    append.commit();
    dump(t);
  }

  // Java writes a length before fixed values, which Avro does not have there.
  static void fixed() {
    Table t = create("v2_fixed", new Schema(required(1, "id", Types.LongType.get()), optional(2, "f", Types.FixedType.ofLength(3))), PartitionSpec.unpartitioned(), 2, Map.of());
    t.updateSpec().addField("f").addField("id").commit();
    t.newFastAppend().appendFile(file(t, t.spec(), bytes(1, 2, 3), 7L)).appendFile(file(t, t.spec(), null, -1L)).commit();
    dump(t);
  }

  static void version1() {
    Schema s = new Schema(required(1, "id", Types.LongType.get()), optional(2, "day", Types.DateType.get()), optional(3, "n", Types.IntegerType.get()));
    PartitionSpec spec = PartitionSpec.builderFor(s).identity("day").bucket("id", 4).build();
    Table t = create("v1_evolved", s, spec, 1, Map.of());
    t.newAppend().appendFile(file(t, t.spec(), 17486, 3)).appendFile(file(t, t.spec(), null, 0)).commit();
    t.newFastAppend().appendFile(file(t, t.spec(), -1, 2)).commit();
    t.updateSpec().removeField("day").addField(Expressions.truncate("n", 10)).commit();
    t.newFastAppend().appendFile(file(t, t.spec(), null, 1, -20)).commit();
    t.updateSchema().updateColumn("n", Types.LongType.get()).commit();
    dump(t);
    // The same, upgraded: manifests of version 1 under metadata of version 2, and a delete.
    t.updateProperties().set("format-version", "2").commit();
    DataFile gone = t.currentSnapshot().addedDataFiles(t.io()).iterator().next();
    t.newDelete().deleteFile(gone).commit();
    dump(t, "v2_upgraded");
  }

  static void version2() {
    Schema s = nested();
    PartitionSpec spec = PartitionSpec.builderFor(s).identity("address.city").truncate("1st.odd", 10, "1st part").build();
    Table t = create("v2_nested", s, spec, 2, Map.of("write.metadata.metrics.default", "full", "commit.manifest-merge.enabled", "true", "commit.manifest.min-count-to-merge", "2"));
    t.replaceSortOrder().asc("id").desc("address.city", NullOrder.NULLS_LAST).commit();
    t.newFastAppend().appendFile(file(t, t.spec(), "Köln", 10)).appendFile(file(t, t.spec(), "A/B c", -10)).set("written-by", "golden").commit();
    t.newAppend().appendFile(file(t, t.spec(), "Oslo", null)).commit();
    t.manageSnapshots().createTag("first", t.currentSnapshot().parentId()).setMaxRefAgeMs("first", 86400000L).createBranch("audit", t.currentSnapshot().snapshotId()).setMinSnapshotsToKeep("audit", 3).setMaxSnapshotAgeMs("audit", 123L).commit();
    t.updateSpec().removeField("1st part").addField(Expressions.bucket("id", 8)).commit();
    t.updateSchema().addColumn("extra", Types.TimestampType.withZone(), "later").renameColumn("name", "full_name").moveFirst("extra").commit();
    t.newAppend().appendFile(file(t, t.spec(), "Oslo", 5)).toBranch("audit").commit();
    DataFile target = file(t, t.spec(), "Oslo", 6);
    DeleteFile eq = FileMetadata.deleteFileBuilder(t.spec()).ofEqualityDeletes(1, 4).withPath(t.location() + "/data/eq.parquet").withFormat(FileFormat.PARQUET).withPartition(target.partition()).withFileSizeInBytes(77).withRecordCount(2).withSortOrder(t.sortOrder()).build();
    DeleteFile pos = FileMetadata.deleteFileBuilder(t.spec()).ofPositionDeletes().withPath(t.location() + "/data/pos.parquet").withFormat(FileFormat.PARQUET).withPartition(target.partition()).withFileSizeInBytes(78).withRecordCount(1).withReferencedDataFile(target.location()).build();
    t.newRowDelta().addRows(target).addDeletes(eq).addDeletes(pos).commit();
    t.newDelete().deleteFromRowFilter(Expressions.equal("address.city", "A/B c")).commit();
    dump(t);
  }

  static void lineage() {
    Schema s = new Schema(required(1, "id", Types.LongType.get()), optional(2, "day", Types.DateType.get()));
    PartitionSpec spec = PartitionSpec.builderFor(s).month("day").build();
    Table t = create("v3_lineage", s, spec, 2, Map.of("commit.manifest.min-count-to-merge", "2"));
    t.newFastAppend().appendFile(file(t, t.spec(), 574)).appendFile(file(t, t.spec(), -1)).commit();
    t.updateProperties().set("format-version", "3").commit();
    t.newFastAppend().appendFile(file(t, t.spec(), 575)).commit();
    t.updateSchema().addColumn("i", Types.IntegerType.get(), null, Literal.of(42)).addColumn("s", Types.StringType.get(), "why", Literal.of("zz"))
        .addColumn("dec", Types.DecimalType.of(9, 2), null, Literal.of(new BigDecimal("14.20"))).addColumn("d", Types.DateType.get(), null, Literal.of("2017-11-16").to(Types.DateType.get()))
        .addColumn("tz", Types.TimestampNanoType.withZone(), null, Literal.of("2017-11-16T22:31:08.123456789+00:00").to(Types.TimestampNanoType.withZone())).addColumn("u", Types.UUIDType.get(), null, Literal.of(UUID.fromString("f79c3e09-677c-4bbd-a479-3f349cb785e7")))
        .addColumn("v", Types.VariantType.get()).addColumn("nothing", Types.UnknownType.get()).addColumn("place", Types.GeometryType.crs84()).commit();
    DataFile x = file(t, t.spec(), 576);
    t.newAppend().appendFile(x).commit();
    DeleteFile dv = FileMetadata.deleteFileBuilder(t.spec()).ofPositionDeletes().withPath(t.location() + "/data/dv.puffin").withFormat(FileFormat.PUFFIN).withPartition(x.partition()).withFileSizeInBytes(99).withRecordCount(3).withReferencedDataFile(x.location()).withContentOffset(4).withContentSizeInBytes(40).build();
    t.newRowDelta().addDeletes(dv).commit();
    t.rewriteManifests().clusterBy(f -> "one").commit();
    dump(t);
  }

  static void empty() {
    for (int v : new int[] {1, 2, 3}) dump(create("v" + v + "_empty", new Schema(required(1, "id", Types.LongType.get())), PartitionSpec.unpartitioned(), v, Map.of()));
  }

  // ---- what Java's reader sees ----

  static void dump(Table t) { dump(t, t.name().substring(t.name().lastIndexOf('.') + 1)); }

  static void dump(Table t, String name) {
    try {
      t.refresh();
      Path dir = out.resolve(name);
      java.nio.file.Files.createDirectories(dir);
      TableMetadata meta = ((HasTableOperations) t).operations().current();
      FileIO io = t.io();
      copy(io, meta.metadataFileLocation(), dir.resolve("metadata.json"));
      ObjectNode twin = JSON.createObjectNode();
      ArrayNode snapshots = twin.putArray("snapshots");
      Map<String, String> names = new LinkedHashMap<>();
      for (Snapshot snap : t.snapshots()) {
        ObjectNode n = snapshots.addObject().put("snapshotId", "" + snap.snapshotId());
        String list = snap.manifestListLocation().substring(snap.manifestListLocation().lastIndexOf('/') + 1);
        n.put("manifestList", list);
        copy(io, snap.manifestListLocation(), dir.resolve(list));
        ArrayNode manifests = n.putArray("manifests");
        for (ManifestFile m : ManifestLists.read(io.newInputFile(snap.manifestListLocation()))) manifests.add(manifest(t, meta, m, dir));
      }
      JSON.writerWithDefaultPrettyPrinter().writeValue(dir.resolve("twin.json").toFile(), twin);
      System.out.println(name + " " + meta.formatVersion());
    } catch (IOException e) { throw new UncheckedIOException(e); }
  }

  static void copy(FileIO io, String from, Path to) throws IOException {
    try (InputStream in = io.newInputFile(from).newStream()) { java.nio.file.Files.write(to, in.readAllBytes()); }
  }

  static ObjectNode manifest(Table t, TableMetadata meta, ManifestFile m, Path dir) throws IOException {
    ObjectNode n = JSON.createObjectNode();
    String file = m.path().substring(m.path().lastIndexOf('/') + 1);
    copy(t.io(), m.path(), dir.resolve(file));
    n.put("file", file).put("path", m.path()).put("length", m.length()).put("specId", m.partitionSpecId()).put("content", m.content().name()).put("sequenceNumber", "" + m.sequenceNumber()).put("minSequenceNumber", "" + m.minSequenceNumber())
        .put("addedSnapshotId", "" + m.snapshotId()).put("addedFiles", m.addedFilesCount()).put("existingFiles", m.existingFilesCount()).put("deletedFiles", m.deletedFilesCount())
        .put("addedRows", m.addedRowsCount()).put("existingRows", m.existingRowsCount()).put("deletedRows", m.deletedRowsCount()).put("firstRowId", m.firstRowId());
    ArrayNode parts = n.putArray("partitions");
    for (ManifestFile.PartitionFieldSummary p : m.partitions()) parts.addObject().put("containsNull", p.containsNull()).put("containsNan", p.containsNaN()).put("lower", hex(p.lowerBound())).put("upper", hex(p.upperBound()));
    ArrayNode entries = n.putArray("entries");
    ManifestReader<?> reader = m.content() == ManifestContent.DATA ? ManifestFiles.read(m, t.io(), meta.specsById()) : ManifestFiles.readDeleteManifest(m, t.io(), meta.specsById());
    try (reader) { for (ManifestEntry<?> e : reader.entries()) entries.add(entry(e, meta)); }
    return n;
  }

  static String text(Object o) { return o == null ? null : o.toString(); }

  static ObjectNode entry(ManifestEntry<?> e, TableMetadata meta) {
    ContentFile<?> f = e.file();
    PartitionSpec spec = meta.specsById().get(f.specId());
    ObjectNode n = JSON.createObjectNode();
    n.put("status", e.status().name()).put("snapshotId", text(e.snapshotId())).put("sequenceNumber", text(e.dataSequenceNumber())).put("fileSequenceNumber", text(e.fileSequenceNumber()))
        .put("content", f.content().name()).put("path", f.location()).put("format", f.format().name()).put("recordCount", f.recordCount()).put("fileSize", f.fileSizeInBytes()).put("specId", f.specId())
        .put("sortOrderId", f.sortOrderId()).put("firstRowId", f.firstRowId()).put("partitionPath", spec.partitionToPath(f.partition()));
    ArrayNode partition = n.putArray("partition");
    List<Types.NestedField> types = spec.partitionType().fields();
    for (int i = 0; i < types.size(); i++) partition.add(single(types.get(i).type(), f.partition().get(i, Object.class)));
    n.set("columnSizes", JSON.valueToTree(f.columnSizes())); n.set("valueCounts", JSON.valueToTree(f.valueCounts())); n.set("nullValueCounts", JSON.valueToTree(f.nullValueCounts())); n.set("nanValueCounts", JSON.valueToTree(f.nanValueCounts()));
    n.set("lowerBounds", bounds(f.lowerBounds())); n.set("upperBounds", bounds(f.upperBounds()));
    n.set("splitOffsets", JSON.valueToTree(f.splitOffsets())); n.set("equalityIds", JSON.valueToTree(f.equalityFieldIds()));
    if (f instanceof DeleteFile d) n.put("referencedDataFile", d.referencedDataFile()).put("contentOffset", d.contentOffset()).put("contentSize", d.contentSizeInBytes());
    return n;
  }

  static JsonNode bounds(Map<Integer, ByteBuffer> b) {
    ObjectNode n = JSON.createObjectNode();
    if (b != null) b.forEach((k, v) -> n.put("" + k, hex(v)));
    return n;
  }

  public static void main(String[] args) throws Exception {
    out = Path.of(args[0]);
    catalog.initialize("golden", Map.of("warehouse", "s3://golden"));
    catalog.createNamespace(Namespace.of("db"));
    ObjectNode vectors = JSON.createObjectNode();
    vectors.set("transforms", transformVectors());
    vectors.set("values", valueVectors());
    vectors.set("bounds", boundVectors());
    vectors.set("names", nameVectors());
    vectors.set("metrics", metricsVectors());
    vectors.set("freshIds", freshIdVectors());
    JSON.writeValue(out.resolve("vectors.json").toFile(), vectors);
    empty();
    version1();
    everyTransform(2);
    version2();
    everyTransform(3);
    lineage();
    fixed();
  }
}
