import { pino, type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'
import { loggable, type LogFacts } from './loggable.ts'

type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Where the program says what it does. The message is for people, the facts are for programs. */
export interface Log {
  debug(message: string, facts?: LogFacts): void
  info(message: string, facts?: LogFacts): void
  warn(message: string, facts?: LogFacts): void
  /** An error under the key `error` is logged with its code, its causes and what to do about it. */
  error(message: string, facts?: LogFacts): void
  /** A log whose every line has these facts too. */
  child(facts: LogFacts): Log
}

export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'auto' | 'pretty' | 'json'
  /** Takes the lines: `process.stderr`, or a test's. */
  readonly output: DestinationStream & NodeJS.WritableStream
  /** Whether the output is a terminal: decides `auto`, and colours. */
  readonly terminal: boolean
  /** The clock of the time stamps, ms since the epoch. */
  readonly now: () => number
}

/** A log on pino: pretty on a terminal, one JSON object a line otherwise. */
export function createLog(options: LogOptions): Log {
  const { level, format, output, terminal, now } = options
  const prettily = format === 'pretty' || (format === 'auto' && terminal)
  const destination = prettily
    ? pretty({
        destination: output,
        colorize: terminal,
        sync: true,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss.l',
        singleLine: true,
      })
    : output
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return logOf(logger)
}

function logOf(logger: Logger): Log {
  return {
    debug: (message, facts = {}) => {
      // Building the facts costs more than not logging them.
      if (logger.isLevelEnabled('debug')) logger.debug(loggable(facts), message)
    },
    info: (message, facts = {}) => {
      logger.info(loggable(facts), message)
    },
    warn: (message, facts = {}) => {
      logger.warn(loggable(facts), message)
    },
    error: (message, facts = {}) => {
      logger.error(loggable(facts), message)
    },
    child: (facts) => logOf(logger.child(loggable(facts))),
  }
}

/** A log that nobody reads. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
}
