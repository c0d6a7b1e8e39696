import type { Indicator } from '../../src/indicators/indicator.ts'
import { readIndicators } from '../../src/indicators/read.ts'

/** The indicators of a text, as the input in place gives them. @param files texts of the workspace by path */
export function indicatorsIn(
  text: string,
  files: Readonly<Record<string, string>> = {}
): Promise<Indicator[]> {
  return readIndicators(text, async path => {
    const content = files[path]
    if (content === undefined) throw new Error(`ENOENT: ${path}`)
    return content
  })
}
