import { describe, expect, test } from 'vitest'
import { InFlight } from '../../../src/storage/in-flight.ts'

/** Work that ends when it is told to. */
class Works {
  readonly started: number[] = []
  most = 0
  #running = 0
  readonly #end = new Map<number, (fault?: Error) => void>()

  of(id: number): () => Promise<number> {
    return async () => {
      this.started.push(id)
      this.#running += 1
      this.most = Math.max(this.most, this.#running)
      try {
        await new Promise<void>((resolve, reject) => {
          this.#end.set(id, (fault) => {
            if (fault === undefined) resolve()
            else reject(fault)
          })
        })
        return id
      } finally {
        this.#running -= 1
      }
    }
  }

  end(id: number, fault?: Error): void {
    this.#end.get(id)?.(fault)
  }
}

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('InFlight', () => {
  test('runs so many at a time, the others in their order', async () => {
    const works = new Works()
    const inFlight = new InFlight(2)
    const all = [1, 2, 3, 4, 5].map(async (id) => inFlight.run(works.of(id)))
    await settled()
    expect(works.started).toEqual([1, 2])
    works.end(2)
    await settled()
    expect(works.started).toEqual([1, 2, 3])
    for (const id of [1, 3]) works.end(id)
    await settled()
    for (const id of [4, 5]) works.end(id)
    expect(await Promise.all(all)).toEqual([1, 2, 3, 4, 5])
    expect(works.most).toBe(2)
  })

  test('a fault is the one who failed alone', async () => {
    const works = new Works()
    const inFlight = new InFlight(1)
    const first = inFlight.run(works.of(1))
    const second = inFlight.run(works.of(2))
    await settled()
    works.end(1, new Error('no'))
    await expect(first).rejects.toThrow('no')
    await settled()
    works.end(2)
    expect(await second).toBe(2)
    const third = inFlight.run(works.of(3))
    await settled()
    works.end(3)
    expect(await third).toBe(3)
  })
})
