import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { FORMATS, MORE_FORMATS } from '../../report/formats.ts'
import type { Outputs, Publication } from '../channel.ts'

/** Writes the report in every format into the output folder. Returns the absolute paths. */
export async function writeFiles({
  report,
  redacted,
  locator,
  outputDir,
  inputs
}: Publication): Promise<Outputs> {
  await mkdir(outputDir, { recursive: true })
  const paths: Record<string, string> = {}
  for (const { file, output, render } of FORMATS) {
    const path = resolve(outputDir, file)
    await writeFile(path, render(report, redacted, locator))
    paths[output] = path
  }
  for (const name of inputs.formats) {
    const { file, render } = MORE_FORMATS[name]
    await writeFile(resolve(outputDir, file), render(report, inputs.securityHub ?? null))
  }
  return paths
}
