import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runClient } from '../clients.ts'

/** PEM files of a certificate authority of the rig's own, and of what it signed. */
export interface Certificates {
  /** What a client must trust. */
  readonly caFile: string
  /** The server's key and certificate in one file, valid for 127.0.0.1 and localhost. */
  readonly serverFile: string
  readonly clientCertificateFile: string
  readonly clientKeyFile: string
  /** An authority that signed nothing here: for the refusal of a stranger. */
  readonly strangerCaFile: string
}

const DAYS = '30'

/** Makes new certificates with OpenSSL. They are worth nothing outside a test. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  await mkdir(directory, { recursive: true })
  const at = (name: string): string => join(directory, name)
  await authority(at('ca'), 'Firn rig')
  await authority(at('stranger'), 'Stranger')
  await signed(at('server'), at('ca'), 'localhost')
  await signed(at('client'), at('ca'), 'firn-client')
  const server = await Promise.all(
    ['.key', '.pem'].map((end) => readFile(at(`server${end}`), 'utf8')),
  )
  await writeFile(at('server-both.pem'), server.join(''))
  return {
    caFile: at('ca.pem'),
    serverFile: at('server-both.pem'),
    clientCertificateFile: at('client.pem'),
    clientKeyFile: at('client.key'),
    strangerCaFile: at('stranger.pem'),
  }
}

async function authority(stem: string, name: string): Promise<void> {
  await openssl([
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    DAYS,
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${stem}.key`,
    '-out',
    `${stem}.pem`,
  ])
}

async function signed(stem: string, ca: string, name: string): Promise<void> {
  await openssl([
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${stem}.key`,
    '-out',
    `${stem}.csr`,
  ])
  await writeFile(`${stem}.ext`, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  await openssl([
    'x509',
    '-req',
    '-in',
    `${stem}.csr`,
    '-days',
    DAYS,
    '-extfile',
    `${stem}.ext`,
    '-CA',
    `${ca}.pem`,
    '-CAkey',
    `${ca}.key`,
    '-CAcreateserial',
    '-out',
    `${stem}.pem`,
  ])
}

async function openssl(args: readonly string[]): Promise<void> {
  await runClient('openssl', { args })
}
