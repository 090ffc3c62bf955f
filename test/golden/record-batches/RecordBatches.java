import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.StringJoiner;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.*;

/**
 * Writes record batches as the Kafka client does, one a line: name, base64.
 *
 *     java -cp "KAFKA/libs/*" test/golden/record-batches/RecordBatches.java > test/golden/record-batches/batches.txt
 *
 * The committed file was made with kafka-clients 4.2.1 (lz4-java 1.10.1, snappy-java 1.1.10.7, zstd-jni 1.5.6-10).
 */
public class RecordBatches {
  static final int RECORDS = 1_200;

  static byte[] utf8(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  static String text(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }

  static MemoryRecords batch(CompressionType type, TimestampType timestamps, int count) {
    MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 20), RecordBatch.MAGIC_VALUE_V2,
        Compression.of(type).build(), timestamps, 5_000_000_000L, 1_700_000_009_999L, 77L, (short) 3, 11, true, false, 6);
    for (int i = 0; i < count; i++) {
      Header[] headers = i % 3 == 0
          ? new Header[] {new RecordHeader("h", utf8("" + i)), new RecordHeader("h", null), new RecordHeader("é", new byte[0])}
          : new Header[0];
      byte[] key = i % 4 == 0 ? null : utf8("key-" + i);
      byte[] value = i % 5 == 0 ? null : utf8("{\"id\":" + i + ",\"text\":\"some text that comes again, é 😀 " + (i % 17) + "\"}");
      builder.append(1_700_000_000_000L + (i % 7) * 1000L - i, key, value, headers);
    }
    return builder.build();
  }

  public static void main(String[] arguments) {
    for (CompressionType type : CompressionType.values()) {
      System.out.println(type.name + " " + text(batch(type, TimestampType.CREATE_TIME, type == CompressionType.NONE ? 60 : RECORDS).buffer()));
    }
    System.out.println("log-append " + text(batch(CompressionType.LZ4, TimestampType.LOG_APPEND_TIME, 30).buffer()));
    for (ControlRecordType control : new ControlRecordType[] {ControlRecordType.ABORT, ControlRecordType.COMMIT}) {
      System.out.println(control.name().toLowerCase() + " " + text(MemoryRecords.withEndTransactionMarker(
          5_000_002_000L, 1_700_000_000_000L, 6, 77L, (short) 3, new EndTransactionMarker(control, 1)).buffer()));
    }
  }
}
