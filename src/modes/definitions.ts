import { createHash } from 'node:crypto'
import { type Indicator, parseIndicators } from '../analyze/findings/indicators.ts'
import { BaselineError, type BaselineFile, parseBaseline } from '../baseline/baseline.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { errorMessage } from '../lib/error-message.ts'
import { loadPacks } from '../osquery/load-packs.ts'
import type { Pack } from '../osquery/pack.ts'
import { sanitize } from '../text/sanitize.ts'

/** What a run compares a fleet with and looks for in it, read from files before anything is called. */
export interface Definitions {
  readonly packs: readonly Pack[]
  /** `null`: no file is named, or mode `baseline` creates it. */
  readonly baseline: BaselineFile | null
  readonly indicators: readonly Indicator[]
}

/**
 * Reads packs, baseline and indicators.
 * @throws Error with the problems of all three, one per line.
 */
export async function loadDefinitions(
  { mode, packs, baseline, indicators }: Pick<Inputs, 'mode' | 'packs' | 'baseline' | 'indicators'>,
  readFile: (path: string) => Promise<string>
): Promise<Definitions> {
  const read = [
    loadPacks(packs, readFile),
    readBaseline(baseline, mode === 'baseline', readFile),
    readIndicators(indicators, readFile)
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
  readFile: (path: string) => Promise<string>
): Promise<Definitions['baseline']> {
  if (path === null) return null
  const text = await readFile(path).catch((error: unknown) => {
    if (mayBeMissing && isMissing(error)) return null
    throw new BaselineError(
      `baseline: ${sanitize(path)} cannot be read. Check the path, and that actions/checkout runs before this step; ` +
        'leave the input empty to compare the fleet with itself only.'
    )
  })
  if (text === null) return null
  const sha256 = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return { path, sha256, text, content: parseBaseline(path, text) }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}

/** A single line that looks like a relative path, or ends like a list of indicators, is meant as a file. */
const LIST_FILE = /\.(?:txt|csv|ioc|list|indicators)$/i
const RELATIVE_PATH = /^(?!\/)[\w.@+-]*\/[\w.@+/-]+$/

/**
 * A single line that names a readable file of the workspace is a path; anything else is the indicators themselves. An
 * absolute path is a file only if it ends like a list: `/usr/sbin/sshd` is searched for on the hosts, not read here.
 */
async function readIndicators(
  text: string | null,
  readFile: (path: string) => Promise<string>
): Promise<readonly Indicator[]> {
  const entry = text?.trim() ?? ''
  if (entry === '') return []
  if (/[\r\n]/.test(entry)) return parseIndicators(entry)
  const list = LIST_FILE.test(entry) && !/[=*\s]/.test(entry)
  if (entry.startsWith('/') && !list) return parseIndicators(entry)
  const content = await readFile(entry).catch(() => null)
  if (content !== null) return parseIndicators(content)
  if (list || RELATIVE_PATH.test(entry)) {
    throw new Error(
      `indicators: the file ${sanitize(entry)} cannot be read. Check the path, and that actions/checkout runs before ` +
        'this step; to search the hosts for this text itself, put a line that starts with # above it.'
    )
  }
  return parseIndicators(entry)
}
