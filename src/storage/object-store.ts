/** What a listing tells of an object. */
export interface ObjectInfo {
  /** Full URI. */
  readonly location: string
  readonly sizeBytes: number
  readonly lastModifiedMs: number
}

/** An object being written in parts; not visible before `complete`. Exactly one of the two ends it. */
export interface Upload {
  /** Bytes taken over that are still in memory. */
  readonly bytesHeld: number
  /** Takes the chunk over, with the memory that it lies in; resolves when there is room for the next one. */
  write(chunk: Uint8Array): Promise<void>
  /** Durable and visible once it resolves. */
  complete(): Promise<{ readonly sizeBytes: number }>
  /** Leaves nothing behind. Never throws. */
  abort(): Promise<void>
}

/**
 * Object storage, one of the five ports. Locations are full URIs (`s3://bucket/key`, `file:///path`). Faults are
 * `FirnError`s with codes of the form `STORAGE_*`; requests retry by themselves within their bounds.
 */
export interface ObjectStore {
  /** Writes a whole object. Object names are never used twice, so nothing is overwritten. */
  put(location: string, body: Uint8Array): Promise<void>
  upload(location: string): Upload
  /** Throws `STORAGE_NOT_FOUND` where there is none. `range` is half-open, in bytes. */
  get(
    location: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array>
  /** Undefined where there is none. */
  head(location: string): Promise<ObjectInfo | undefined>
  /** No error where there is none. */
  delete(location: string): Promise<void>
  list(prefix: string): AsyncIterable<ObjectInfo>
  close(): Promise<void>
}
