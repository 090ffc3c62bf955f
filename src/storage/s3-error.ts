import { S3ServiceException } from '@aws-sdk/client-s3'
import { FirnError, messageOf } from '../core/errors.ts'

/** What was asked of which object. */
export interface S3Request {
  readonly act: string
  readonly location: string
  readonly bucket: string
}

/** A fault of the SDK as one of ours: by status and code, with the bucket and the key. */
export function s3Error(request: S3Request, fault: unknown): FirnError {
  if (fault instanceof FirnError) return fault
  const status = fault instanceof S3ServiceException ? fault.$metadata.httpStatusCode : undefined
  const code = fault instanceof Error ? fault.name : ''
  const told =
    status === undefined ? messageOf(fault) : `status ${status} ${code}: ${messageOf(fault)}`
  const text = `cannot ${request.act} ${request.location}: ${told}`
  if (code === 'NoSuchBucket') {
    return new FirnError('STORAGE_BUCKET_MISSING', text, {
      cause: fault,
      help: `create the bucket ${request.bucket}, or correct the warehouse's or the table's location`,
    })
  }
  if (status === 404 || code === 'NoSuchKey' || code === 'NotFound') {
    return new FirnError('STORAGE_NOT_FOUND', text, { cause: fault })
  }
  if (status === 401 || status === 403 || code === 'CredentialsProviderError') {
    return new FirnError('STORAGE_FORBIDDEN', text, {
      cause: fault,
      help: `give the credentials of \`storage.s3\` s3:PutObject, s3:GetObject and s3:AbortMultipartUpload on ${request.bucket}`,
    })
  }
  if (isRefusal(status)) return new FirnError('STORAGE_REFUSED', text, { cause: fault })
  return new FirnError('STORAGE_UNAVAILABLE', text, {
    cause: fault,
    help: 'check `storage.s3.endpoint` and that the store answers: firn check',
  })
}

/** A status that the same request would get again. */
function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429
}
