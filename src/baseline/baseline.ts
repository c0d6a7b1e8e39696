import { z } from 'zod'

/** A row of a baseline: the values of the query's `columns`, in that order, normalised by fixed rules. */
const rowSchema = z.array(z.string())

const querySchema = z.strictObject({
  columns: z.array(z.string().min(1)).min(1, 'needs at least one column'),
  /** People's words, kept as they are. */
  note: z.string().optional(),
  /** Rows that were on every clean host. */
  required: z.array(rowSchema).default([]),
  /** Rows that were on some clean hosts. */
  optional: z.array(rowSchema).default([])
})

export const acceptanceSchema = z.strictObject({
  query: z.string().min(1),
  /** Column → glob (`*` any text, `?` one character); every named column must match. */
  match: z.record(z.string(), z.string()),
  /** Globs of host ids; none: every host. */
  hosts: z.array(z.string().min(1)).optional(),
  reason: z.string().min(1),
  owner: z.string().min(1),
  /** The last day on which it holds. */
  expires: z.iso.date('must be a date, YYYY-MM-DD')
})

const queriesSchema = z.record(z.string(), querySchema)

const baselineSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1, 'must be 1: this version of Fleet Drift reads no other'),
    name: z.string().min(1),
    packs: z.record(z.string(), z.string()).default({}),
    queries: queriesSchema,
    accept: z.array(acceptanceSchema).default([]),
    roles: z.record(z.string(), z.strictObject({ queries: queriesSchema })).default({})
  })
  .superRefine((baseline, context) => {
    const places = [{ path: ['queries'], queries: baseline.queries }]
    for (const [label, role] of Object.entries(baseline.roles)) {
      places.push({ path: ['roles', label, 'queries'], queries: role.queries })
    }
    for (const { path, queries } of places) {
      for (const [name, query] of Object.entries(queries)) checkRows(query, [...path, name], context)
    }
  })

export type Baseline = z.infer<typeof baselineSchema>
export type BaselineQuery = z.infer<typeof querySchema>
export type Acceptance = z.infer<typeof acceptanceSchema>

/** The baseline file cannot be used; the message names the file and every place in it that is wrong. */
export class BaselineError extends Error {}

/**
 * Reads a baseline file's text.
 * @throws BaselineError with every problem, when the text is not a valid baseline of version 1.
 */
export function parseBaseline(path: string, text: string): Baseline {
  if (/^(<{7}|={7}|>{7})( |$)/m.test(text)) {
    throw new BaselineError(`${path} holds Git's merge markers: resolve the conflict and commit the result`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new BaselineError(
      `${path} is not valid JSON: ${error instanceof Error ? error.message : 'unreadable'}`
    )
  }
  const parsed = baselineSchema.safeParse(value)
  if (!parsed.success)
    throw new BaselineError(`${path} is not a valid baseline:\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function checkRows(query: BaselineQuery, path: string[], context: z.RefinementCtx): void {
  if (new Set(query.columns).size < query.columns.length) {
    context.addIssue({ code: 'custom', path: [...path, 'columns'], message: 'names a column twice' })
  }
  const seen = new Set<string>()
  for (const list of ['required', 'optional'] as const) {
    for (const [index, row] of query[list].entries()) {
      const place = [...path, list, index]
      if (row.length !== query.columns.length) {
        const message = `has ${row.length} values, but ${query.columns.length} columns are named`
        context.addIssue({ code: 'custom', path: place, message })
      }
      const key = JSON.stringify(row)
      if (seen.has(key))
        context.addIssue({ code: 'custom', path: place, message: 'stands in the file twice' })
      seen.add(key)
    }
  }
}
