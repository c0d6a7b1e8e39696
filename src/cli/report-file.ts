import { readFile } from 'node:fs/promises'
import { type EarlierReport, parseReport } from '../memory/parse-report.ts'
import { sanitize } from '../text/sanitize.ts'

/** @throws Error that names a file that cannot be read */
export async function bytesOf(path: string): Promise<Buffer> {
  return readFile(path).catch(() => {
    throw new Error(`${sanitize(path, 200)} cannot be read.`)
  })
}

/** Reads a report.json. @throws Error that names a file that is not one */
export async function readReport(path: string): Promise<EarlierReport> {
  const bytes = await bytesOf(path)
  try {
    return parseReport(JSON.parse(bytes.toString('utf8')))
  } catch {
    throw new Error(`${sanitize(path, 200)} is not a report.json.`)
  }
}
