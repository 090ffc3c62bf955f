import { Kafka, type RetryOptions, logLevel } from 'kafkajs'

/** kafkajs without its log, and without the warning that its timers cause on newer Nodes. */
export function quietKafka(bootstrap: string, retry: RetryOptions): Kafka {
  silenceNegativeTimeouts()
  return new Kafka({
    clientId: 'rig',
    brokers: bootstrap.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    retry,
  })
}

let silenced = false

/** kafkajs 2.2.4 asks for timers in the past; Node 24 warns on stderr, in the middle of what a user reads. */
function silenceNegativeTimeouts(): void {
  if (silenced) return
  silenced = true
  const emit = process.emitWarning.bind(process)
  const quiet = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] === 'TimeoutNegativeWarning') return
    Reflect.apply(emit, process, [warning, ...rest])
  }
  Object.assign(process, { emitWarning: quiet })
}
