import { readFile } from 'node:fs/promises'
import { errorMessage } from '../lib/error-message.ts'
import { parseHistory } from '../report/fleet-memory.ts'
import type { FleetMemory } from '../report/memory.ts'
import type { Report } from '../report/report.ts'
import { sanitize } from '../text/sanitize.ts'
import { mergeMemories } from './merge.ts'
import { parseReport } from './parse-report.ts'

/** What earlier runs left, and what a reader of the report must know of it. */
export interface Previous {
  /** `null`: nothing is known. */
  readonly memory: FleetMemory | null
  readonly notices: readonly string[]
}

/**
 * Reads what earlier runs left: report.json, history.json or a snapshot, which is analyzed again. A file that is missing,
 * as before the first run, or that cannot be read is a notice: the fleet is judged without it.
 *
 * @param paths absolute
 * @param analyze the report on a snapshot by today's packs and baseline
 */
export async function readPrevious(
  paths: readonly string[],
  analyze: (path: string) => Promise<Report>
): Promise<Previous> {
  const memories: FleetMemory[] = []
  const notices: string[] = []
  for (const path of paths) {
    try {
      memories.push(await readMemoryFile(path, analyze))
    } catch (error) {
      notices.push(
        isMissing(error)
          ? `There is no earlier run to compare with: ${sanitize(path)} does not exist.`
          : `previous: ${sanitize(path)} was left out: ${sanitize(errorMessage(error))}.`
      )
    }
  }
  return { memory: mergeMemories(memories), notices }
}

async function readMemoryFile(
  path: string,
  analyze: (path: string) => Promise<Report>
): Promise<FleetMemory> {
  const bytes = await readFile(path)
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  if (isGzip || bytes.subarray(0, 40).includes('fleetDriftSnapshot')) {
    const report = await analyze(path)
    return parseReport(report).memory
  }
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Error('neither a report.json, nor a history.json, nor a snapshot')
  }
  return typeof value === 'object' && value !== null && 'fleetDriftHistory' in value
    ? parseHistory(value)
    : parseReport(value).memory
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}
