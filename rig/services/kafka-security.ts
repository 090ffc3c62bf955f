import { join } from 'node:path'
import { type Certificates, makeCertificates } from './certificates.ts'

/** Listeners of a broker beside the plain one, and what opens them. */
export interface SecureKafka {
  /** TLS; a client certificate is not asked for. */
  readonly tls: string
  /** TLS; without a client certificate the handshake fails. */
  readonly mutualTls: string
  /** SASL PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER (unsigned tokens) without TLS. */
  readonly sasl: string
  /** The same over TLS. */
  readonly saslTls: string
  readonly username: string
  readonly password: string
  readonly certificates: Certificates
}

/** The listeners' names in the order of their ports, and Kafka's name for what they speak. */
export const SECURE_LISTENERS = {
  TLS: 'SSL',
  MTLS: 'SSL',
  SASL: 'SASL_PLAINTEXT',
  SASLTLS: 'SASL_SSL',
} as const

const USERNAME = 'firn'
const PASSWORD = 'firn-password'
const SECURITY = 'org.apache.kafka.common.security'

/** The user of the SCRAM mechanisms, as Kafka's format tool takes it. */
export const SCRAM_USERS: readonly string[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
  (mechanism) => `${mechanism}=[name=${USERNAME},password=${PASSWORD}]`,
)

/** Certificates, and the configuration that all brokers share. */
export async function prepareSecurity(
  scratch: string,
): Promise<{ certificates: Certificates; properties: Record<string, string> }> {
  const certificates = await makeCertificates(join(scratch, 'certificates'))
  return {
    certificates,
    properties: {
      ...tlsProperties(certificates),
      ...saslProperties('sasl'),
      ...saslProperties('sasltls'),
      'listener.name.mtls.ssl.client.auth': 'required',
      // The plain listener may do everything; others too, until a test adds a rule.
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'true',
    },
  }
}

/** Where clients find the listeners: a list of `host:port` for each, over all brokers. */
export function secureKafka(
  certificates: Certificates,
  portsOf: readonly (readonly number[])[],
): SecureKafka {
  const bootstrap = (index: number): string =>
    portsOf.map((ports) => `127.0.0.1:${ports[index]}`).join(',')
  const [tls, mutualTls, sasl, saslTls] = [bootstrap(0), bootstrap(1), bootstrap(2), bootstrap(3)]
  return { tls, mutualTls, sasl, saslTls, username: USERNAME, password: PASSWORD, certificates }
}

function tlsProperties(certificates: Certificates): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.serverFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.caFile,
  }
}

function saslProperties(listener: string): Record<string, string> {
  const prefix = `listener.name.${listener}`
  const scram = `${SECURITY}.scram.ScramLoginModule required;`
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`${prefix}.plain.sasl.jaas.config`]: `${SECURITY}.plain.PlainLoginModule required user_${USERNAME}="${PASSWORD}";`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: scram,
    [`${prefix}.oauthbearer.sasl.jaas.config`]: `${SECURITY}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  }
}
