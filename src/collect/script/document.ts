import type { OsquerySource } from '../../inputs/osquery-sources.ts'
import type { Query } from '../../osquery/pack.ts'
import { queriesFor } from '../ssm/task.ts'
import { encodeScript, lockedScript } from './build.ts'

/** A parameter of an SSM document (schema 2.2). */
interface Parameter {
  readonly type: 'String'
  readonly description: string
  readonly allowedPattern: string
  readonly default?: string
}

const text = (description: string, allowedPattern: string, initial?: string): Parameter => ({
  type: 'String',
  description,
  allowedPattern,
  ...(initial === undefined ? {} : { default: initial })
})

/**
 * The parameters of a document of our own. Each takes only what its pattern allows, so that no value can become a
 * command: whoever may send this document can collect, and nothing else.
 */
export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  errand: text('What to do', '^(collect|piece|shorthand|remove)$', 'collect'),
  nonce: text('Random, one for each run', '^[0-9a-f]{24}$'),
  asked: text('Digest of the queries that the run means', '^[0-9a-f]{0,32}$', ''),
  budget: text('Seconds for all queries', '^[0-9]{1,6}$', '480'),
  limit: text('Seconds for each query', '^[0-9]{1,5}$', '60'),
  keep: text('Keep the answer for fifteen minutes, so that it can be asked for in short', '^(yes|no)$', 'no'),
  stored: text('Print every piece, for a copy in S3', '^(yes|no)$', 'no'),
  piece: text('Which piece of the answer', '^[0-9]{1,3}$', '0'),
  known: text('What the run knows already', '^[A-Za-z0-9+/=]*$', ''),
  executionTimeout: text('Seconds until the agent ends the script', '^[0-9]{1,6}$', '600')
}

/** The document's one step; SSM names what it stores after it. */
export const LOCKED_STEP = 'collect'

/** SSM's limit for a document (64 KB). */
const MAX_DOCUMENT_BYTES = 65_536

/**
 * The content of an SSM document that holds the collector and the queries, so that a role that may send only this one
 * can ask these queries and do nothing else.
 * @throws Error when it is larger than SSM takes.
 */
export function lockedDocument(
  queries: readonly Pick<Query, 'name' | 'sql' | 'platforms'>[],
  osquery: readonly OsquerySource[] = []
): string {
  const given = Object.keys(PARAMETERS).filter(name => name !== 'executionTimeout')
  const content = {
    schemaVersion: '2.2',
    description: `Fleet Drift: asks osquery ${queries.length} fixed queries, read-only`,
    parameters: PARAMETERS,
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: LOCKED_STEP,
        inputs: {
          timeoutSeconds: '{{ executionTimeout }}',
          runCommand: [
            ...given.map(name => `${name === 'known' ? 'known_text' : name}='{{ ${name} }}'`),
            ...encodeScript(lockedScript(queriesFor(queries, 'posix'), osquery))
          ]
        }
      }
    ]
  }
  const document = `${JSON.stringify(content, null, 2)}\n`
  if (Buffer.byteLength(document) > MAX_DOCUMENT_BYTES)
    throw new Error(
      `The document has ${Buffer.byteLength(document)} bytes, and SSM takes ${MAX_DOCUMENT_BYTES}; ask fewer queries.`
    )
  return document
}
