import { errorMessage } from '../../lib/error-message.ts'
import type { DocumentEntry } from '../formats/entry.ts'
import { readSigmaRule } from './parse.ts'

/** Whether a text is Sigma rules in YAML. */
export const isSigma = (text: string): boolean => /^logsource:/m.test(text) && /^detection:/m.test(text)

/** The rules of a text, one for each document. YAML is evaluated only here: most runs have no rule. */
export async function readSigma(text: string): Promise<DocumentEntry[]> {
  const { parseAllDocuments } = await import('yaml')
  return [...parseAllDocuments(text, { logLevel: 'silent' })].map(document => {
    const title: unknown = document.get('title')
    try {
      const [error] = document.errors
      if (error !== undefined) throw new Error(`not valid YAML: ${error.message.split('\n')[0]}`)
      const read = readSigmaRule(document.toJS({ maxAliasCount: 0 }))
      if ('rule' in read)
        return { text: `Sigma: ${read.rule.title}`, pattern: { kind: 'sigma', rule: read.rule } }
      const type = `Sigma rule of ${read.logsource}`
      return { text: `Sigma: ${read.title}`, pattern: { kind: 'other', type, value: read.title } }
    } catch (error) {
      return {
        text: typeof title === 'string' ? `Sigma: ${title}` : 'Sigma rule',
        problem: errorMessage(error)
      }
    }
  })
}
