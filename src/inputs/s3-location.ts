/** A place in S3: `s3://bucket/prefix`. */
export interface S3Location {
  readonly bucket: string
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string
}

const LOCATION = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]{0,400}))?$/

/** Parses `s3://bucket/prefix`; `null` for any other text. */
export function parseS3Location(text: string): S3Location | null {
  const [, bucket, prefix = ''] = LOCATION.exec(text) ?? []
  return bucket === undefined ? null : { bucket, prefix: prefix.replace(/^\/+|\/+$/g, '') }
}
