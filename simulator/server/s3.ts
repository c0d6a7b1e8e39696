import type { Reply } from './call-log.ts'

export interface Bucket {
  readonly region: string
  /** Whether the role may read it; true by default. */
  readonly readable?: boolean
  /** Whether the hosts may write to it; true by default. */
  readonly writable?: boolean
  /** Whether the role may list it; true by default. Where it may not, S3 refuses what does not exist. */
  readonly listable?: boolean
  /** Milliseconds until an object that is written can be read. */
  readonly delayMs?: number
}

/** The one bucket of the account, as far as a job reads it. */
export function objectStore(bucket: Bucket = { region: 'eu-west-1' }) {
  const objects = new Map<string, Buffer>()
  const headers = { 'x-amz-bucket-region': bucket.region, 'content-type': 'binary/octet-stream' }
  return {
    /** @param path bucket and key */
    write(path: string, content: Buffer): void {
      if (bucket.writable === false) return
      setTimeout(() => objects.set(path, content), bucket.delayMs ?? 0).unref()
    },
    /** @param path bucket and key */
    read(path: string, authorization: string): Reply {
      const object = objects.get(path)
      if (!authorization.includes(`/${bucket.region}/s3/aws4_request`))
        return { status: 301, body: '', headers }
      if (bucket.readable === false) return { status: 403, body: '', headers }
      if (object === undefined) return { status: bucket.listable === false ? 403 : 404, body: '', headers }
      return { status: 200, body: object.toString('latin1'), headers }
    }
  }
}
