import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LocalObjectStore } from '../../../src/storage/local-object-store.ts'

const store = new LocalObjectStore()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (of: Uint8Array): string => new TextDecoder().decode(of)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firn-store-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

const names = async (at = folder): Promise<string[]> => (await readdir(at)).sort()

describe('put and get', () => {
  test('the three forms of a location are one place', async () => {
    const path = `${folder}/a/b/one`
    for (const [index, location] of [`file://${path}`, `file:${path}`, path].entries()) {
      await store.put(location, bytes(`v${index}`))
      for (const other of [`file://${path}`, `file:${path}`, path]) {
        expect(text(await store.get(other))).toBe(`v${index}`)
      }
    }
    expect(await names(join(folder, 'a/b'))).toEqual(['one'])
  })

  test.each(['a b', 'é=ü', '%22quoted%22', '100%', 'q?x#y', '日本'])(
    'a name is taken as it is: %s',
    async (name) => {
      await store.put(`file://${folder}/${name}`, bytes('x'))
      expect(await names()).toEqual([name])
      expect(await store.head(`file:${folder}/${name}`)).toMatchObject({ sizeBytes: 1 })
    },
  )

  test('ranges are half-open, and end with the object', async () => {
    const path = `${folder}/range`
    await store.put(path, bytes('0123456789'))
    const read = async (start: number, end: number): Promise<string> =>
      text(await store.get(path, { start, end }))
    expect(await read(0, 4)).toBe('0123')
    expect(await read(3, 4)).toBe('3')
    expect(await read(8, 100)).toBe('89')
    expect(await read(10, 12)).toBe('')
    expect(await read(20, 30)).toBe('')
  })

  test('an empty object is one', async () => {
    await store.put(`${folder}/empty`, new Uint8Array())
    expect(await store.get(`${folder}/empty`)).toHaveLength(0)
    expect(await store.head(`${folder}/empty`)).toMatchObject({ sizeBytes: 0 })
  })
})

describe('an upload', () => {
  test('is not visible before it is complete', async () => {
    const path = `${folder}/deep/file`
    const upload = store.upload(path)
    await upload.write(bytes('one '))
    await upload.write(bytes('two'))
    expect(await store.head(path)).toBeUndefined()
    expect(await Array.fromAsync(store.list(`${folder}/`))).toEqual([])
    expect(await upload.complete()).toEqual({ sizeBytes: 7 })
    expect(await readFile(path, 'utf8')).toBe('one two')
    expect(await names(join(folder, 'deep'))).toEqual(['file'])
  })

  test('gives the memory of a chunk back, where one of a whole object stays its owner’s', async () => {
    const [chunk, body] = [new Uint8Array(20_000).fill(1), new Uint8Array(20_000).fill(2)]
    const upload = store.upload(`${folder}/uploaded`)
    await upload.write(chunk)
    await upload.complete()
    await store.put(`${folder}/put`, body)
    expect([chunk.length, body.length]).toEqual([0, 20_000])
    expect(await store.get(`${folder}/uploaded`)).toEqual(new Uint8Array(20_000).fill(1))
    expect(await store.get(`${folder}/put`)).toEqual(body)
  })

  test('that is aborted leaves nothing, whenever it is', async () => {
    await store.upload(`${folder}/never`).abort()
    const upload = store.upload(`${folder}/begun`)
    await upload.write(bytes('x'))
    await upload.abort()
    await upload.abort()
    expect(await names()).toEqual([])
  })
})

test('an upload that is aborted while it begins leaves nothing, and takes no more', async () => {
  const upload = store.upload(`${folder}/begins`)
  const begun = upload.write(bytes('x')).catch(() => undefined)
  await upload.abort()
  await begun
  await expect(upload.write(bytes('y'))).rejects.toThrow(/aborted/)
  await expect(upload.complete()).rejects.toThrow(/aborted/)
  expect(await names()).toEqual([])
})

test('a listing has whole objects at every depth, and what is not there is empty', async () => {
  await store.put(`${folder}/a`, bytes('1'))
  await store.put(`${folder}/b/c/d`, bytes('22'))
  const open = store.upload(`${folder}/b/open`)
  await open.write(bytes('3'))
  const found = await Array.fromAsync(store.list(`file://${folder}/`))
  expect(found.map(({ location, sizeBytes }) => `${location} ${sizeBytes}`).sort()).toEqual([
    `file://${folder}/a 1`,
    `file://${folder}/b/c/d 2`,
  ])
  expect(found.every(({ lastModifiedMs }) => lastModifiedMs > 0)).toBe(true)
  expect(await Array.fromAsync(store.list(`${folder}/none/`))).toEqual([])
  await open.abort()
})

test('a listing passes over what is deleted meanwhile', async () => {
  for (const name of ['a', 'b', 'c']) await store.put(`${folder}/${name}`, bytes('1'))
  const found = []
  for await (const { location } of store.list(`${folder}/`)) {
    found.push(location)
    for (const name of ['a', 'b', 'c']) await store.delete(`${folder}/${name}`)
  }
  expect(found).toHaveLength(1)
})

describe('faults', () => {
  test('what is not there', async () => {
    const path = `${folder}/none`
    await expect(store.get(path)).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
      message: expect.stringContaining(path),
    })
    expect(await store.head(path)).toBeUndefined()
    await store.delete(path)
  })

  test('delete takes one object away', async () => {
    await store.put(`${folder}/x`, bytes('1'))
    await store.put(`${folder}/y`, bytes('1'))
    await store.delete(`file://${folder}/x`)
    expect(await names()).toEqual(['y'])
  })

  test('what is not allowed says what to do', async () => {
    // sysfs lets nobody make files, not even root, who may write where the mode forbids it.
    await expect(store.put('/sys/kernel/firn', bytes('1'))).rejects.toMatchObject({
      code: 'STORAGE_FORBIDDEN',
      message: expect.stringContaining('cannot write /sys/kernel/firn'),
      help: expect.stringContaining('read and write'),
    })
  })

  test('a file where a folder should be', async () => {
    await writeFile(`${folder}/file`, 'x')
    await expect(store.put(`${folder}/file/x`, bytes('1'))).rejects.toMatchObject({
      code: 'STORAGE_REFUSED',
      message: expect.stringContaining(`${folder}/file/x`),
    })
  })
})
