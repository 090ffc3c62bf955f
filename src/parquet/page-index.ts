import type { ChunkFacts, PageFacts } from './column-chunk.ts'
import { compareValues, type Extremes } from './extremes.ts'
import { BOUNDARY_ORDER, type BoundaryOrder } from './format.ts'
import type { Leaf } from './parquet-schema.ts'
import { statisticsBytes } from './statistics.ts'
import { THRIFT_ELEMENT, type ThriftWriter } from './thrift.ts'

const NO_VALUE = new Uint8Array(0)

/**
 * The struct `ColumnIndex`: what each page holds, so that readers can pass pages over. Undefined where a page has values
 * but no bounds, because they are NaN or uuids: the index cannot say so. Parquet spec: "Page Index".
 */
export function columnIndex(thrift: ThriftWriter, chunk: ChunkFacts): Uint8Array | undefined {
  const { leaf, pages } = chunk
  if (pages.some((page) => page.extremes === undefined && !isNullPage(page))) return undefined
  const { physical } = leaf.storage
  thrift.list(1, THRIFT_ELEMENT.boolean, pages.length)
  for (const page of pages) thrift.boolElement(isNullPage(page))
  thrift.list(2, THRIFT_ELEMENT.binary, pages.length)
  for (const { extremes } of pages) {
    thrift.binaryElement(extremes ? statisticsBytes(physical, extremes.min) : NO_VALUE)
  }
  thrift.list(3, THRIFT_ELEMENT.binary, pages.length)
  for (const { extremes } of pages) {
    thrift.binaryElement(extremes ? statisticsBytes(physical, extremes.max) : NO_VALUE)
  }
  thrift.int32(4, BOUNDARY_ORDER[boundaryOrder(leaf, pages)])
  thrift.list(5, THRIFT_ELEMENT.int64, pages.length)
  for (const page of pages) thrift.intElement(page.nullCount)
  return thrift.finish()
}

/** The struct `OffsetIndex`: where each page lies and which row it begins with. */
export function offsetIndex(thrift: ThriftWriter, { pages }: ChunkFacts): Uint8Array {
  thrift.list(1, THRIFT_ELEMENT.struct, pages.length)
  for (const page of pages) {
    thrift.structElement(() => {
      thrift.int64(1, page.offset)
      thrift.int32(2, page.compressedSize)
      thrift.int64(3, page.firstRow)
    })
  }
  return thrift.finish()
}

function isNullPage({ entryCount, nullCount }: PageFacts): boolean {
  return entryCount === nullCount
}

/** Whether both bounds only rise, or only fall, from page to page; pages of nulls do not count. */
function boundaryOrder(leaf: Leaf, pages: readonly PageFacts[]): BoundaryOrder {
  if (pages.length === 1) return 'ASCENDING'
  const bounded = pages.flatMap(({ extremes }) => (extremes === undefined ? [] : [extremes]))
  const follow = (sign: 1 | -1): boolean =>
    bounded.every((extremes, index) => {
      const before = bounded[index - 1]
      return before === undefined || steps(leaf, before, extremes, sign)
    })
  if (follow(1)) return 'ASCENDING'
  return follow(-1) ? 'DESCENDING' : 'UNORDERED'
}

function steps(leaf: Leaf, before: Extremes, after: Extremes, sign: 1 | -1): boolean {
  return (
    compareValues(leaf, after.min, before.min) * sign >= 0 &&
    compareValues(leaf, after.max, before.max) * sign >= 0
  )
}
