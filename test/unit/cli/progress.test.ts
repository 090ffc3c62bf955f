import { describe, expect, test } from 'vitest'
import { Progress } from '../../../src/cli/progress.ts'

function sinkOf(isTTY: boolean) {
  const written: string[] = []
  return {
    isTTY,
    written,
    write: (text: string) => {
      written.push(text)
    },
  }
}

describe('progress', () => {
  const time = { nowMs: 0 }
  const clock = { monotonic: () => time.nowMs }

  test('is one line that is written over in a terminal, and taken away', () => {
    const sink = sinkOf(true)
    const progress = new Progress(sink, { clock, wanted: false })
    for (const nowMs of [0, 50, 199, 200]) {
      time.nowMs = nowMs
      progress.tell(() => `at ${nowMs}`)
    }
    progress.end()
    progress.end()
    expect(sink.written).toEqual(['\r\u001b[Kat 0', '\r\u001b[Kat 200', '\r\u001b[K'])
  })

  test('is lines now and then where it is asked for without a terminal', () => {
    const sink = sinkOf(false)
    const progress = new Progress(sink, { clock, wanted: true })
    for (const nowMs of [0, 4_999, 5_000]) {
      time.nowMs = nowMs
      progress.tell(() => `at ${nowMs}`)
    }
    progress.end()
    expect(sink.written).toEqual(['at 0\n', 'at 5000\n'])
  })

  test('is nothing for programs, and its text is not even made', () => {
    const sink = sinkOf(false)
    const progress = new Progress(sink, { clock, wanted: false })
    progress.tell(() => {
      throw new Error('nobody asked')
    })
    progress.end()
    expect(sink.written).toEqual([])
  })
})
