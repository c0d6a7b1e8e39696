import type { OsquerySource } from '../../inputs/osquery-sources.ts'
import type { Query } from '../../osquery/pack.ts'
import { encodeScript, lockedScript } from './build.ts'
import { queriesFor } from './shell.ts'

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
 * The parameters of a locked document. Each accepts only what its pattern allows, so that no value can become a
 * command: whoever may send this document can collect, and nothing else.
 */
export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  task: text('What to do', '^(collect|chunk|dedup|remove)$', 'collect'),
  nonce: text('Random, one for each run', '^[0-9a-f]{24}$'),
  queriesDigest: text("Digest of the run's queries", '^[0-9a-f]{0,32}$', ''),
  budget: text('Seconds for all queries', '^[0-9]{1,6}$', '480'),
  limit: text('Seconds for each query', '^[0-9]{1,5}$', '60'),
  retain: text('Retain the answer for fifteen minutes, for a deduplicated reply', '^(yes|no)$', 'no'),
  viaS3: text('Print every chunk, for a copy in S3', '^(yes|no)$', 'no'),
  chunk: text('Which chunk of the answer', '^[0-9]{1,3}$', '0'),
  dictionary: text('Digests of rows that the run has read already', '^[A-Za-z0-9+/=]*$', ''),
  executionTimeout: text('Seconds until the agent ends the script', '^[0-9]{1,6}$', '600')
}

/** The document's one step; SSM uses its name in the keys of stored output. */
export const LOCKED_STEP = 'collect'

/** SSM's limit for a document (64 KB). */
const MAX_DOCUMENT_BYTES = 65_536

/** The script's variable for a parameter: `viaS3` is `via_s3`. */
const variableFor = (parameter: string): string => parameter.replace(/(?=[A-Z])/g, '_').toLowerCase()

/**
 * The content of an SSM document that contains the collector and the queries, so that a role that may send only this
 * document can run these queries and do nothing else.
 * @throws Error when it is larger than SSM accepts.
 */
export function lockedDocument(
  queries: readonly Pick<Query, 'name' | 'sql' | 'platforms'>[],
  osquery: readonly OsquerySource[] = []
): string {
  const variables = Object.keys(PARAMETERS).filter(name => name !== 'executionTimeout')
  const content = {
    schemaVersion: '2.2',
    description: `Fleet Drift: runs ${queries.length} fixed osquery queries, read-only`,
    parameters: PARAMETERS,
    mainSteps: [
      {
        action: 'aws:runShellScript',
        name: LOCKED_STEP,
        inputs: {
          timeoutSeconds: '{{ executionTimeout }}',
          runCommand: [
            ...variables.map(name => `${variableFor(name)}='{{ ${name} }}'`),
            ...encodeScript(lockedScript(queriesFor(queries, 'posix'), osquery))
          ]
        }
      }
    ]
  }
  const document = `${JSON.stringify(content, null, 2)}\n`
  const size = Buffer.byteLength(document)
  if (size > MAX_DOCUMENT_BYTES)
    throw new Error(
      `The document has ${size} bytes, and SSM accepts ${MAX_DOCUMENT_BYTES}; use fewer queries.`
    )
  return document
}
