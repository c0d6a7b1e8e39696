import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { AwsCredentialIdentity } from '@smithy/types'
import type { Clock } from '../clock.ts'
import type { S3Location } from '../inputs/s3-location.ts'
import { errorCode, errorName } from './errors.ts'
import { get, type HttpAnswer, proxyAgents, TooLarge } from './http.ts'

/** Why an object cannot be read. A refusal is not final: S3 also refuses what is not there yet, unless it may be listed. */
export interface ReadProblem {
  readonly problem: string
  readonly isFinal: boolean
}

/** The text of an object (latin1), or why it cannot be read; `null`: it does not exist, perhaps not yet. */
export type ReadObject = (key: string) => Promise<{ readonly text: string } | ReadProblem | null>

const TIMEOUT_MS = 60_000
/** A host's answer with all its chunks is smaller. */
const MAX_OBJECT_BYTES = 64 * 1024 * 1024
const ATTEMPTS = 4
/** Before the second attempt; doubled before each further one (milliseconds). */
const PAUSE_MS = 500

interface Partition {
  readonly name: string
  readonly suffix: string
}

/** The partitions whose regions begin like this; all others belong to that of AWS (AWS SDK, partitions). */
const PARTITIONS: Readonly<Record<string, Partition>> = {
  'us-gov-': { name: 'aws-us-gov', suffix: 'amazonaws.com' },
  'cn-': { name: 'aws-cn', suffix: 'amazonaws.com.cn' },
  'eusc-': { name: 'aws-eusc', suffix: 'amazonaws.eu' },
  'us-iso-': { name: 'aws-iso', suffix: 'c2s.ic.gov' },
  'us-isob-': { name: 'aws-iso-b', suffix: 'sc2s.sgov.gov' },
  'us-isof-': { name: 'aws-iso-f', suffix: 'csp.hci.ic.gov' },
  'eu-isoe-': { name: 'aws-iso-e', suffix: 'cloud.adc-e.uk' }
}

function partitionOf(region: string): Partition {
  const found = Object.entries(PARTITIONS).find(([start]) => region.startsWith(start))
  return found?.[1] ?? { name: 'aws', suffix: 'amazonaws.com' }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The URL of an object. The variables that the SDKs read count: another endpoint, FIPS, dual-stack. The bucket is part
 * of the path at another endpoint, and where it has dots, which the certificates of S3 do not cover.
 */
export function objectUrl(bucket: string, region: string, key: string, env: Environment): URL {
  const path = key.split('/').map(encodeURIComponent).join('/')
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL
  if (endpoint) return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${path}`)
  const isSet = (name: string) => env[name]?.toLowerCase() === 'true'
  const fips = isSet('AWS_USE_FIPS_ENDPOINT') ? 's3-fips' : 's3'
  const service = isSet('AWS_USE_DUALSTACK_ENDPOINT') ? `${fips}.dualstack` : fips
  const host = `${service}.${region}.${partitionOf(region).suffix}`
  return new URL(
    bucket.includes('.') ? `https://${host}/${bucket}/${path}` : `https://${bucket}.${host}/${path}`
  )
}

/**
 * Reads objects of a bucket by signed GET, in the region that S3 says the bucket is in. What S3 calls transient is tried
 * again. Never throws.
 */
export function s3Reader(
  { bucket }: S3Location,
  startRegion: string,
  credentials: () => Promise<AwsCredentialIdentity>,
  env: Environment,
  clock: Pick<Clock, 'sleep'>
): ReadObject {
  let region = startRegion
  const agents = proxyAgents(env)

  async function signedGet(key: string): Promise<HttpAnswer> {
    const url = objectUrl(bucket, region, key, env)
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
    return get(url, headers, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_OBJECT_BYTES }, agents)
  }

  /** Follows the bucket to its region, and repeats what S3 could not answer. */
  async function answerFor(key: string): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await signedGet(key)
      const bucketRegion = answer.headers['x-amz-bucket-region']
      const isElsewhere =
        answer.status !== 200 &&
        typeof bucketRegion === 'string' &&
        bucketRegion !== region &&
        /^[a-z0-9-]{5,30}$/.test(bucketRegion)
      if (attempt === ATTEMPTS || !(isElsewhere || answer.status >= 500 || answer.status === 429))
        return answer
      if (isElsewhere) region = bucketRegion
      else await clock.sleep(PAUSE_MS * 2 ** (attempt - 1))
    }
  }

  return async key => {
    try {
      const { status, body } = await answerFor(key)
      if (status === 404) return null
      if (status === 403) return refusal(bucket, region, body)
      if (status !== 200) return { problem: `S3 answered ${status}`, isFinal: true }
      return { text: body.toString('latin1') }
    } catch (error) {
      if (error instanceof TooLarge) return { problem: 'the object is too large', isFinal: true }
      return { problem: `S3 cannot be reached (${errorCode(error) || errorName(error)})`, isFinal: true }
    }
  }
}

function refusal(bucket: string, region: string, body: Buffer): ReadProblem {
  if (body.includes('kms:Decrypt'))
    return {
      problem: 'kms:Decrypt is denied: allow it on the key of the bucket (docs/credentials.md)',
      isFinal: true
    }
  const problem =
    `s3:GetObject is denied, or the host stored nothing: allow the role s3:GetObject on arn:${partitionOf(region).name}:s3:::${bucket}/*, ` +
    'and kms:Decrypt where the bucket has a key of its own, and the instance profile s3:PutObject (docs/credentials.md)'
  return { problem, isFinal: false }
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
