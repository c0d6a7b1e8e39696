import { gzipSync } from 'node:zlib'
import type { Query } from '../../osquery/pack.ts'
import { CHUNK_BYTES, MAX_PACKED_BYTES, MAX_UNPACKED_BYTES } from '../protocol/limits.ts'
import { FACT_QUERIES, MAX_FILE_BYTES, MAX_OUTPUT_BLOCKS } from './build.ts'
import { ANSWER } from './powershell/answer.ts'
import { CHUNK, COMMON, REMOVE } from './powershell/common.ts'
import { QUERIES } from './powershell/queries.ts'

/** In base64, because PowerShell also ends a string in single quotes at U+2018 to U+201B: SQL is never code. */
function encoded(sql: string): string {
  return Buffer.from(sql).toString('base64')
}

const constants = (nonce: string): string[] => [
  `$nonce = '${nonce}'`,
  `$chunkBytes = ${CHUNK_BYTES}`,
  `$maxPacked = ${MAX_PACKED_BYTES}`,
  `$maxBytes = ${MAX_UNPACKED_BYTES}`,
  `$maxOutput = ${MAX_OUTPUT_BLOCKS * 512}`,
  `$readMax = ${MAX_FILE_BYTES}`
]

/** The script that runs the queries and prints the first chunk. */
export function windowsCollector(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  options: {
    readonly nonce: string
    readonly budgetSeconds: number
    readonly querySeconds: number
    readonly viaS3: boolean
  }
): string {
  const entries = [...FACT_QUERIES, ...queries].map(({ name, sql }) => `  @('${name}', '${encoded(sql)}')`)
  return [
    ...constants(options.nonce),
    `$budget = ${options.budgetSeconds}`,
    `$limit = ${options.querySeconds}`,
    `$viaS3 = $${options.viaS3}`,
    `$queries = @(\n${entries.join(',\n')}\n)`,
    COMMON,
    QUERIES,
    ANSWER,
    ''
  ].join('\n')
}

/** The script that prints one more chunk. */
export function windowsChunk(nonce: string, index: number): string {
  return [...constants(nonce), `$index = ${index}`, COMMON, CHUNK, ''].join('\n')
}

/** The script that removes what the run left. */
export function windowsRemove(nonce: string): string {
  return [...constants(nonce), COMMON, REMOVE, ''].join('\n')
}

/** The lines for the `commands` parameter of AWS-RunPowerShellScript; it always exits 0. */
export function encodeForWindows(script: string): string[] {
  return [
    `$s = '${gzipSync(script, { level: 9 }).toString('base64')}'`,
    'try {',
    '  $m = New-Object IO.MemoryStream(, [Convert]::FromBase64String($s))',
    '  $g = New-Object IO.Compression.GZipStream($m, [IO.Compression.CompressionMode]::Decompress)',
    '  $r = New-Object IO.StreamReader($g, [Text.Encoding]::UTF8)',
    '  Invoke-Expression $r.ReadToEnd()',
    '} catch {',
    "  $m = 'fleet-drift: the collector failed on this host: ' + (\"$_\" -replace '[^ -~]+', ' ' -replace '^(.{120}).*', '$1')",
    // No method may be called where Windows allows only the constrained language.
    '  try { [Console]::Out.Write($m + "`n") } catch { $m }',
    '}',
    'exit 0'
  ]
}
