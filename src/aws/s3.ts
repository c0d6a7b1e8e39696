import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { AwsCredentialIdentity } from '@smithy/types'
import type { S3Location } from '../inputs/s3-location.ts'
import { errorName } from './errors.ts'

/** The text of an object (latin1), or why it cannot be read; `null`: it does not exist, perhaps not yet. */
export type ReadObject = (
  key: string
) => Promise<{ readonly text: string } | { readonly problem: string } | null>

const TIMEOUT_MS = 60_000
/** A host's answer with all its chunks is smaller. */
const MAX_OBJECT_BYTES = 64 * 1024 * 1024

/** The endpoint to use instead of S3's own, from the variables that the SDKs read. */
export function s3Endpoint(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined
}

/**
 * Reads objects of a bucket by signed GET, in the region that S3 says the bucket is in. Never throws.
 * @param endpoint instead of S3's own; the bucket is then part of the path
 */
export function s3Reader(
  { bucket }: S3Location,
  startRegion: string,
  credentials: () => Promise<AwsCredentialIdentity>,
  endpoint: string | undefined
): ReadObject {
  let region = startRegion

  async function get(key: string): Promise<Response> {
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
    const path = key.split('/').map(encodeURIComponent).join('/')
    const url = new URL(
      endpoint === undefined
        ? `https://${bucket}.s3.${region}.${suffix}/${path}`
        : `${endpoint.replace(/\/$/, '')}/${bucket}/${path}`
    )
    const signer = new SignatureV4({
      service: 's3',
      region,
      credentials,
      sha256: Sha256,
      uriEscapePath: false
    })
    const signed = await signer.sign({
      method: 'GET',
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      headers: { host: url.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
    })
    const { host: _, ...headers } = signed.headers
    return fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  }

  return async key => {
    try {
      let answer = await get(key)
      const bucketRegion = answer.headers.get('x-amz-bucket-region')
      if (
        !answer.ok &&
        bucketRegion !== null &&
        bucketRegion !== region &&
        /^[a-z0-9-]{5,30}$/.test(bucketRegion)
      ) {
        region = bucketRegion
        answer = await get(key)
      }
      if (answer.status === 404) return null
      if (answer.status === 403)
        return {
          problem: `s3:GetObject is denied: allow it on arn:aws:s3:::${bucket}/* (docs/credentials.md)`
        }
      if (!answer.ok) return { problem: `S3 answered ${answer.status}` }
      if (Number(answer.headers.get('content-length') ?? 0) > MAX_OBJECT_BYTES)
        return { problem: 'the object is too large' }
      return { text: Buffer.from(await answer.arrayBuffer()).toString('latin1') }
    } catch (error) {
      return { problem: `S3 cannot be reached (${errorName(error)})` }
    }
  }
}

/** SHA-256 and its HMAC, with the interface that the signer expects. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(chunk))
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest())
  }
}

function bytesOf(chunk: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  return ArrayBuffer.isView(chunk)
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : new Uint8Array(chunk)
}
