import { describe, expect, test } from 'vitest'
import { FirnError } from '../../../src/core/errors.ts'
import type { ObjectStore, Upload } from '../../../src/storage/object-store.ts'
import type { EncodedFile } from '../../../src/writer/encoder.ts'
import { Uploads } from '../../../src/writer/uploads.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'

const ENCODED: EncodedFile = {
  partition: ['x'],
  recordCount: 3n,
  sizeBytes: 5,
  metrics: {
    columnSizes: new Map(),
    valueCounts: new Map(),
    nullValueCounts: new Map(),
    nanValueCounts: new Map(),
    lowerBounds: new Map(),
    upperBounds: new Map(),
  },
  splitOffsets: [4n],
  sortOrderId: 0,
}
const FAULT = new FirnError('STORAGE_UNAVAILABLE', 'no store')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Counts how uploads end, and lets a test hold writes back. */
class Watched extends FakeObjectStore {
  readonly aborted: string[] = []
  readonly completed: string[] = []

  override upload(location: string): Upload {
    const upload = super.upload(location)
    return {
      get bytesHeld() {
        return upload.bytesHeld
      },
      write: async (chunk) => upload.write(chunk),
      complete: async () => {
        const done = await upload.complete()
        this.completed.push(location)
        return done
      },
      abort: async () => {
        this.aborted.push(location)
      },
    }
  }
}

function uploadsTo(store: ObjectStore): Uploads {
  let files = 0
  return new Uploads({
    store,
    specId: 7,
    locate: ([name]) => `s3://b/${String(name)}-${++files}`,
  })
}

function opened(uploads: Uploads, file: number): void {
  uploads.take({ kind: 'open', file, partition: ['x'] })
}

describe('Uploads', () => {
  test('files that interleave keep their own chunks, in order', async () => {
    const store = new Watched()
    const uploads = uploadsTo(store)
    opened(uploads, 1)
    opened(uploads, 2)
    for (const [file, text] of [
      [1, 'a'],
      [2, 'x'],
      [1, 'b'],
      [2, 'y'],
      [1, 'c'],
    ] as const) {
      uploads.take({ kind: 'chunk', file, bytes: bytes(text) })
    }
    uploads.take({ kind: 'finish', file: 2, encoded: { ...ENCODED, sizeBytes: 2 } })
    uploads.take({ kind: 'finish', file: 1, encoded: ENCODED })
    expect(await uploads.settle()).toMatchObject([
      { filePath: 's3://b/x-2', fileSizeInBytes: 2n },
      {
        content: 'data',
        filePath: 's3://b/x-1',
        fileFormat: 'PARQUET',
        specId: 7,
        partition: ['x'],
        recordCount: 3n,
        fileSizeInBytes: 5n,
        splitOffsets: [4n],
      },
    ])
    expect(
      [...store.objects].map(([at, body]) => `${at} ${new TextDecoder().decode(body)}`),
    ).toEqual(expect.arrayContaining(['s3://b/x-1 abc', 's3://b/x-2 xy']))
    expect(await uploads.settle()).toEqual([])
  })

  test('counts what the store has not taken', async () => {
    const store = new Watched()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    store.before = async (call) => (call === 'upload' ? held : undefined)
    const uploads = uploadsTo(store)
    opened(uploads, 1)
    uploads.take({ kind: 'chunk', file: 1, bytes: bytes('abc') })
    uploads.take({ kind: 'chunk', file: 1, bytes: bytes('de') })
    expect(uploads.bytesHeld).toBe(5)
    release()
    uploads.take({ kind: 'finish', file: 1, encoded: ENCODED })
    await uploads.settle()
    expect(uploads.bytesHeld).toBe(0)
  })

  test.each(['upload', 'put'] as const)(
    'a fault of a %s comes out of settle, and the file is aborted',
    async (failing) => {
      const store = new Watched()
      store.before = (call, location) => {
        if (call === failing && location.endsWith('-1')) throw FAULT
      }
      const uploads = uploadsTo(store)
      for (const file of [1, 2]) {
        opened(uploads, file)
        uploads.take({ kind: 'chunk', file, bytes: bytes('abc') })
        uploads.take({ kind: 'finish', file, encoded: ENCODED })
      }
      await expect(uploads.settle()).rejects.toBe(FAULT)
      await uploads.abort()
      expect(store.aborted).toEqual(['s3://b/x-1'])
      expect(store.completed).toEqual(['s3://b/x-2'])
      expect(uploads.bytesHeld).toBe(0)
    },
  )

  test('abort ends what is open, and leaves what was finished', async () => {
    const store = new Watched()
    const uploads = uploadsTo(store)
    for (const file of [1, 2]) {
      opened(uploads, file)
      uploads.take({ kind: 'chunk', file, bytes: bytes('abc') })
    }
    uploads.take({ kind: 'finish', file: 1, encoded: ENCODED })
    await uploads.abort()
    expect(store.aborted).toEqual(['s3://b/x-2'])
    expect([...store.objects.keys()]).toEqual(['s3://b/x-1'])
    expect(await uploads.settle()).toEqual([])
  })

  test('bytes of a file that is not open are a bug', () => {
    const uploads = uploadsTo(new Watched())
    expect(() => {
      uploads.take({ kind: 'chunk', file: 1, bytes: bytes('a') })
    }).toThrow(/open file 1/)
  })
})
