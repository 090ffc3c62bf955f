import { systemClock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import { systemRandom } from '../core/random.ts'
import { createLog, type Log } from '../telemetry/log.ts'
import { Service } from '../worker/service.ts'
import { readConfigFile } from './config-file.ts'
import type { ExitCode, Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'

/** What `run` takes from the process that it runs in. */
export interface ProcessOutside {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
  readonly version: string
  readonly availableMemoryBytes: number
  readonly cores: number
  /** Is called when a verb, and the threads that it starts, have been loaded. */
  readonly onLoaded: () => void
  /** Calls `stop` at the first SIGTERM or SIGINT; the second ends the process at once, which is always safe. */
  readonly onStop: (stop: (signal: string) => void) => void
}

/** `firn run`: the service. */
export function runVerb(outside: ProcessOutside): VerbBody {
  return {
    options: {},
    example: { command: 'firn run --config orders.yaml', does: 'runs one worker of the writer' },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, outside.env)
      const log = createLog({
        level: config.log.level,
        format: config.log.format,
        output: outside.stderr,
        terminal: outside.stderr.isTTY,
        now: () => systemClock.now(),
      })
      const service = await Service.open(config, {
        clock: systemClock,
        random: systemRandom,
        log,
        version: outside.version,
        availableMemoryBytes: outside.availableMemoryBytes,
        cores: outside.cores,
        onLoaded: outside.onLoaded,
      })
      outside.onStop((signal) => {
        log.info(`${signal}: sealing and committing what is complete`)
        service.stop()
      })
      log.info(`writer ${config.writer} started`, { group: config.kafka.group })
      return ended(service, { log, output })
    },
  }
}

async function ended(
  service: Service,
  { log, output }: { readonly log: Log; readonly output: Output },
): Promise<ExitCode> {
  const end = await service.run()
  if (end.kind === 'stopped') {
    log.info('stopped')
    return 0
  }
  return output.error(
    end.error instanceof FirnError ? end.error : new FirnError('INTERNAL', String(end.error)),
  )
}
