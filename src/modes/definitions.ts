import { createHash } from 'node:crypto'
import { type Indicator, parseIndicators } from '../analyze/findings/indicators.ts'
import { BaselineError, parseBaseline } from '../baseline/baseline.ts'
import type { BaselineFile } from '../baseline/notices.ts'
import { loadPacks } from '../osquery/load-packs.ts'
import type { Pack } from '../osquery/pack.ts'
import { sanitize } from '../text/sanitize.ts'

/** What a run asks of a fleet, read from files before anything is called. */
export interface Definitions {
  readonly packs: readonly Pack[]
  /** `null`: none is named, or mode `baseline` writes the first. */
  readonly baseline: BaselineFile | null
  readonly indicators: readonly Indicator[]
}

/** Where to find what a run asks. */
export interface QuestionSources {
  readonly mode: string
  readonly packs: readonly string[]
  readonly baseline: string | null
  /** A path, or indicators in place. */
  readonly indicators: string | null
}

/**
 * Reads packs, baseline and indicators.
 * @throws Error with all problems of the three, one a line.
 */
export async function loadDefinitions(
  sources: QuestionSources,
  readFile: (path: string) => Promise<string>
): Promise<Definitions> {
  const [packs, baseline, indicators] = await Promise.allSettled([
    loadPacks(sources.packs, readFile),
    readBaseline(sources.baseline, sources.mode === 'baseline', readFile),
    readIndicators(sources.indicators, readFile)
  ])
  if (packs.status === 'fulfilled' && baseline.status === 'fulfilled' && indicators.status === 'fulfilled') {
    return { packs: packs.value, baseline: baseline.value, indicators: indicators.value }
  }
  const problems = [packs, baseline, indicators].flatMap(part =>
    part.status === 'rejected' ? [part.reason] : []
  )
  throw new Error(
    problems.map(problem => (problem instanceof Error ? problem.message : String(problem))).join('\n')
  )
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
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** A relative path that is named alone, or any file with an extension of lists, is meant as a file. */
const LIST_FILE = /\.(?:txt|csv|ioc|list|indicators)$/i
const RELATIVE_PATH = /^(?!\/)[\w.@+-]*\/[\w.@+/-]+$/

/**
 * One line that names a readable file of the workspace is a path; anything else is indicators in place. An absolute
 * path is a file only where it ends like a list: `/usr/sbin/sshd` is looked for on the hosts, not read on the runner.
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
        'this step; to look for this very text on the hosts, put a line that starts with # above it.'
    )
  }
  return parseIndicators(entry)
}
