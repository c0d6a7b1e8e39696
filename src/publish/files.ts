import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Places } from '../report/finding-locations.ts'
import { FORMATS } from '../report/formats.ts'
import type { Report } from '../report/report.ts'

/**
 * Writes a report in every format into a folder, which is made where there is none. Returns the files' absolute paths
 * by the name of the output that tells them.
 *
 * @param redacted how many secrets were hidden
 */
export async function writeFiles(
  report: Report,
  redacted: number,
  places: Places,
  outputDir: string
): Promise<Record<string, string>> {
  await mkdir(outputDir, { recursive: true })
  const paths: Record<string, string> = {}
  for (const { file, output, render } of FORMATS) {
    const path = resolve(outputDir, file)
    await writeFile(path, render(report, redacted, places))
    paths[output] = path
  }
  return paths
}
