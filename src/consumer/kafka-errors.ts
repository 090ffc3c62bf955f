import { GenericError, protocolErrorsCodesById, ResponseError } from '@platformatic/kafka'
import { FirnError, messageOf } from '../core/errors.ts'
import type { BrokerAddress } from './options.ts'

/** The error codes of Kafka's protocol that decide something here. */
export const KAFKA = {
  unknownServerError: -1,
  none: 0,
  offsetOutOfRange: 1,
  corruptMessage: 2,
  unknownTopicOrPartition: 3,
  requestTimedOut: 7,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  illegalGeneration: 22,
  unknownMemberId: 25,
  invalidSessionTimeout: 26,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  unsupportedVersion: 35,
  groupIdNotFound: 69,
  memberIdRequired: 79,
  fencedInstanceId: 82,
  unknownTopicId: 100,
  fencedMemberEpoch: 110,
  unreleasedInstanceId: 111,
  staleMemberEpoch: 113,
} as const

/** A protocol error as Kafka's own documentation names it: `NOT_LEADER_OR_FOLLOWER (6)`. */
export function kafkaErrorText(code: number): string {
  return `${protocolErrorsCodesById[code] ?? 'UNKNOWN'} (${code})`
}

/** The response inside what the client throws for one that has error codes in it; undefined for any other fault. */
export function responseIn(fault: unknown): unknown {
  if (!(fault instanceof ResponseError)) return undefined
  const response: unknown = fault['response']
  return response
}

/** The response of a request, also where it carries error codes: those are the caller's to read. */
export async function answered<T>(
  ask: () => Promise<T>,
  is: (response: unknown) => response is T,
  { options }: { readonly options: { readonly brokers: readonly BrokerAddress[] } },
): Promise<T> {
  try {
    return await ask()
  } catch (fault) {
    const response = responseIn(fault)
    if (is(response)) return response
    throw kafkaFault(fault, 'asking a broker', options.brokers)
  }
}

/** An authorisation that is missing, by what Kafka says is refused; undefined for another code. */
export function authorizationError(
  code: number,
  of: { topic?: string; group?: string },
): FirnError | undefined {
  switch (code) {
    case KAFKA.topicAuthorizationFailed:
      return new FirnError('KAFKA_AUTHORIZATION', `no permission on topic ${of.topic ?? ''}`, {
        help: `grant the principal READ and DESCRIBE on topic ${of.topic ?? ''}`,
      })
    case KAFKA.groupAuthorizationFailed:
      return new FirnError('KAFKA_AUTHORIZATION', `no permission on group ${of.group ?? ''}`, {
        help: `grant the principal READ and DESCRIBE on group ${of.group ?? ''}`,
      })
    case KAFKA.clusterAuthorizationFailed:
      return new FirnError('KAFKA_AUTHORIZATION', 'no permission on the cluster', {
        help: 'grant the principal DESCRIBE on the cluster',
      })
    default:
      return undefined
  }
}

/** A fault of a connection or request as one of ours. */
export function kafkaFault(
  fault: unknown,
  what: string,
  brokers: readonly BrokerAddress[],
): FirnError {
  if (fault instanceof FirnError) return fault
  const tried = brokers.map(({ host, port }) => `${host}:${port}`).join(', ')
  const told = deepMessage(fault)
  if (isAuthentication(fault)) {
    return new FirnError(
      'KAFKA_AUTHENTICATION',
      `${what}: the brokers (${tried}) do not accept who we say we are: ${told}`,
      {
        cause: fault,
        help: 'check `kafka.sasl`: mechanism, username and password; and that this listener speaks it',
      },
    )
  }
  return new FirnError('KAFKA_UNAVAILABLE', `${what}: no answer from ${tried}: ${told}`, {
    cause: fault,
    help: helpFor(fault),
  })
}

/** What OpenSSL and Node say of a broker's certificate. */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID'

function helpFor(fault: unknown): string {
  const codes = faultsIn(fault).map((one) => ('code' in one ? one.code : undefined))
  if (codes.some((code) => UNTRUSTED.has(code))) {
    return "the broker's certificate is not trusted: set `kafka.tls.ca_file` to the authority that signed it"
  }
  if (codes.includes(OTHER_NAME)) {
    return "the broker's certificate is for another name: set `kafka.tls.server_name`, or use the name in `kafka.brokers`"
  }
  return 'check `kafka.brokers`, `kafka.tls` and that the brokers run: firn check'
}

function isAuthentication(fault: unknown): boolean {
  return faultsIn(fault).some(
    (one) => one instanceof GenericError && one.code === 'PLT_KFK_AUTHENTICATION',
  )
}

/** A fault, what caused it, and what it is made of. */
function faultsIn(fault: unknown): readonly Error[] {
  if (!(fault instanceof Error)) return []
  const parts: readonly unknown[] = fault instanceof AggregateError ? fault.errors : []
  return [fault, ...faultsIn(fault.cause), ...parts.flatMap(faultsIn)]
}

function deepMessage(fault: unknown): string {
  if (fault instanceof AggregateError)
    return [messageOf(fault), ...fault.errors.map(deepMessage)].join('; ')
  return messageOf(fault)
}
