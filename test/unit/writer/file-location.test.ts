import { describe, expect, test } from 'vitest'
import { dataFileLocation } from '../../../src/writer/file-location.ts'
import { BY_NAME, SCHEMA, UNPARTITIONED } from './support.ts'

const located = (
  name: string,
  properties: Readonly<Record<string, string>> = {},
  { tableLocation = 's3://b/db/t', partition }: { tableLocation?: string; partition?: string } = {},
): string =>
  dataFileLocation(
    {
      tableLocation,
      properties,
      schema: SCHEMA,
      spec: partition === undefined ? UNPARTITIONED : BY_NAME,
    },
    partition === undefined ? [] : [partition],
    name,
  )

const HASHED = { 'write.object-storage.enabled': 'true' }
const FLAT = { ...HASHED, 'write.object-storage.partitioned-paths': 'false' }

describe('the default provider', () => {
  test.each(['s3://b/db/t', 's3://b/db/t/'])('puts files below data/ of %s', (tableLocation) => {
    expect(located('f', {}, { tableLocation })).toBe('s3://b/db/t/data/f')
  })

  test('puts partitions into folders, encoded as Java encodes them', () => {
    expect(located('f', {}, { partition: 'a b/é=1' })).toBe(
      's3://b/db/t/data/name=a+b%2F%C3%A9%3D1/f',
    )
  })

  test('write.data.path wins; what is only of object storage does not count', () => {
    const properties = { 'write.data.path': 's3://c/d/', 'write.object-storage.path': 's3://no' }
    expect(located('f', properties)).toBe('s3://c/d/f')
    expect(located('f', { 'write.object-storage.path': 's3://no' })).toBe('s3://b/db/t/data/f')
  })
})

// Expected folders: those that the tests of Iceberg's own ObjectStoreLocationProvider state.
describe('the object storage provider', () => {
  test.each([
    ['a', '0101/0110/1001/10110010'],
    ['b', '1110/0111/1110/00000011'],
    ['c', '0010/1101/0110/01011111'],
    ['d', '1001/0001/0100/01110011'],
  ])('the folders of %s are those of Java', (name, folders) => {
    expect(located(name, HASHED)).toBe(`s3://b/db/t/data/${folders}/${name}`)
  })

  test('without partitioned paths the last folder is part of the name', () => {
    const expected = 's3://b/db/t/data/0110/1010/0011/11101000-test.parquet'
    expect(located('test.parquet', FLAT)).toBe(expected)
    expect(located('test.parquet', FLAT, { partition: 'val' })).toBe(expected)
  })

  test('the hash is of the partition folders as well', () => {
    const [one, two] = ['x', 'y'].map((partition) => located('f', HASHED, { partition }))
    expect(one).toMatch(/^s3:\/\/b\/db\/t\/data\/([01]{4}\/){3}[01]{8}\/name=x\/f$/)
    expect(one?.slice(0, 40)).not.toBe(two?.slice(0, 40))
  })

  test('outside the table, its files are told apart by its name and that of its database', () => {
    const properties = { ...HASHED, 'write.data.path': 's3://c/shared/' }
    const expected = 's3://c/shared/0101/0110/1001/10110010/db/t/a'
    expect(located('a', properties)).toBe(expected)
    expect(located('a', properties, { tableLocation: 's3://b/db/t/' })).toBe(expected)
    expect(located('a', { ...FLAT, 'write.object-storage.path': 's3://c/shared' })).toBe(expected)
  })

  test('within the table, at another folder, they are not', () => {
    const properties = { ...HASHED, 'write.data.path': 's3://b/db/t/elsewhere' }
    expect(located('a', properties)).toBe('s3://b/db/t/elsewhere/0101/0110/1001/10110010/a')
  })
})
