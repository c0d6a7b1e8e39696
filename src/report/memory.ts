import * as z from 'zod'

const date = z.iso.date()
const id = z.string().min(1).max(80)

const digest = z.string().regex(/^[0-9a-f]{16}$/)

/**
 * A remembered open finding: its id, its first day, its label, the number of its hosts, some of their ids, and a digest
 * of all of them. Hosts that were not fully assessed are one entry for each kind and severity, whatever the reasons.
 */
const knownSchema = z.tuple([
  id,
  date,
  z.string().max(60),
  z.int().nonnegative(),
  z.array(z.string().max(64)),
  digest
])

const changeSchema = z.strictObject({
  on: date,
  came: z.array(id),
  went: z.array(knownSchema),
  /** The number of open findings before. */
  before: z.int().nonnegative().nullable()
})

export const memorySchema = z.strictObject({
  version: z.literal(1),
  /** What it was made from: everything, or only counts. */
  of: z.enum(['hosts', 'counts']),
  /** SHA-256 of the verdict and all open findings with their hosts. */
  digest,
  verdict: z.enum(['drift', 'incomplete', 'clean']),
  /** The first day on which the group was not clean; `null` while it is clean. */
  since: date.nullable(),
  /** How many findings were open, counted as in `known`. */
  findings: z.int().nonnegative(),
  known: z.array(knownSchema),
  /** Ids of known findings that this run could not check, because one of their hosts did not answer in full. */
  unseen: z.array(id),
  change: changeSchema.nullable()
})

export type Known = z.infer<typeof knownSchema>

/** What a rolling report remembers from run to run. */
export type Memory = z.infer<typeof memorySchema>

/** What is known of a group from earlier runs. */
export interface FleetMemory {
  readonly findings: Memory
  /** By host id: the last day, YYYY-MM-DD, on which it answered. A host that never answered is not in it. */
  readonly hosts: ReadonlyMap<string, string>
}

/** A run compared with the runs before it. */
export interface History {
  /** After this run. */
  readonly memory: FleetMemory
  /** By host id: the day of its last answer before this run. */
  readonly lastAnswers: ReadonlyMap<string, string>
  /** Whether the findings, their hosts or the verdict differ from those of the run before. */
  readonly changed: boolean
  /** Ids of the findings that the run before did not have. */
  readonly appeared: readonly string[]
  /** Findings of the run before that this run looked for and did not find. */
  readonly resolved: readonly Known[]
}
