/** Bytes of the packed answer in one chunk: base64 adds a third, and the frame's lines 350. SSM passes on 23,999. */
export const CHUNK_BYTES = 17_400
/** Packed answers up to this size fit in SSM's list of invocations (2,499 bytes per host), frame included. */
export const MAX_LISTED_BYTES = 1_600
/** What one host may send, packed, in all its chunks. */
export const MAX_PACKED_BYTES = 1024 * 1024
/** What one host may send, packed, through S3. */
export const MAX_S3_BYTES = 8 * 1024 * 1024
/** What one host may send, unpacked. */
export const MAX_UNPACKED_BYTES = 32 * 1024 * 1024
