import { createHash } from 'node:crypto'
import { BaselineError, type BaselineFile, parseBaseline } from '../baseline/baseline.ts'
import type { Indicator } from '../indicators/indicator.ts'
import { readIndicators } from '../indicators/read.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { errorMessage } from '../lib/error-message.ts'
import { withDistinctNames } from '../osquery/distinct-names.ts'
import { loadPacks } from '../osquery/load-packs.ts'
import type { Pack } from '../osquery/pack.ts'
import { queryPack } from '../osquery/query-pack.ts'
import { EncodingError } from '../text/decode.ts'
import { sanitize } from '../text/sanitize.ts'

/** What a run compares a fleet with and looks for in it, read from files before anything is called. */
export interface Definitions {
  readonly packs: readonly Pack[]
  /** `null`: no file is named, or mode `baseline` creates it. */
  readonly baseline: BaselineFile | null
  readonly indicators: readonly Indicator[]
}

/** Reads a text file by its path in the workspace. */
export type ReadFile = (path: string) => Promise<string>

/**
 * Reads packs, the query beside them, baseline and indicators.
 * @param today YYYY-MM-DD: the acceptances of the baseline may not last too long from then on
 * @throws Error with the problems of all of them, one per line.
 */
export async function loadDefinitions(
  {
    mode,
    packs,
    baseline,
    indicators,
    query
  }: Pick<Inputs, 'mode' | 'packs' | 'baseline' | 'indicators' | 'query'>,
  readFile: ReadFile,
  readIndicatorFile: ReadFile = readFile,
  today: string | null = null
): Promise<Definitions> {
  const read = [
    loadPacks(packs, readFile).then(loaded =>
      query === null ? loaded : withDistinctNames([...loaded, queryPack(query)])
    ),
    readBaseline(baseline, mode === 'baseline', readFile, today),
    readIndicators(indicators ?? '', readIndicatorFile)
  ] as const
  const problems = (await Promise.allSettled(read)).flatMap(result =>
    result.status === 'rejected' ? [errorMessage(result.reason)] : []
  )
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return { packs: await read[0], baseline: await read[1], indicators: await read[2] }
}

async function readBaseline(
  path: string | null,
  mayBeMissing: boolean,
  readFile: ReadFile,
  today: string | null
): Promise<Definitions['baseline']> {
  if (path === null) return null
  const text = await readFile(path).catch((error: unknown) => {
    if (error instanceof EncodingError) throw new BaselineError(`baseline: ${error.message}`)
    if (mayBeMissing && isMissing(error)) return null
    throw new BaselineError(
      `baseline: ${sanitize(path)} cannot be read. Check the path, and that actions/checkout runs before this step; ` +
        'leave the input empty to compare the fleet with itself only.'
    )
  })
  if (text === null) return null
  const sha256 = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return { path, sha256, text, content: parseBaseline(path, text, today) }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}
