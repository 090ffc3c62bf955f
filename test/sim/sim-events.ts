import type { TableEvents } from '../../src/worker/table-events.ts'
import type { SimWorld } from './sim-world.ts'

/** A line of the trace for everything that a worker tells: two runs of a seed must tell the same. */
export function simEvents(world: SimWorld, name: string): TableEvents {
  const tell = (line: string): void => {
    world.tell(`${name} ${line}`)
  }
  return {
    group: (event, partitions) => {
      tell(`${event} ${partitions.map(({ partition }) => partition).join(' ')}`)
    },
    started: ({ positions }) => {
      const where = [...positions].map(
        ([{ partition }, { position }]) => `${partition}@${position}`,
      )
      tell(`started ${where.join(' ')}`)
    },
    restarting: (reason) => {
      tell(`restarting: ${reason}`)
    },
    pushed: () => undefined,
    staged: () => undefined,
    committed: (step, files) => {
      tell(`committed ${String(step.snapshotId)} ${files.rowCount}`)
    },
    dropped: (reason) => {
      tell(`dropped: ${reason}`)
    },
    refused: (refusal) => {
      tell(`refused ${refusal.code}`)
    },
    halted: (partition, cause) => {
      const text = cause.kind === 'fault' ? cause.error.message : textOf(cause.failure)
      world.problems.push(`${name} halted ${partition.partition}: ${text}`)
    },
    logMoved: (event) => {
      tell(`log ${event.kind}`)
    },
    fault: (during, error) => {
      tell(`fault ${during} ${error.code}`)
      if (error.code === 'INTERNAL') {
        world.problems.push(`${name} ${during}: ${error.message} ${error.stack ?? ''}`)
      }
    },
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? `${one}` : one))
}
