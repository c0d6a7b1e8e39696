import type { Query } from '../osquery/pack.ts'
import type { HostRecord, Row } from '../snapshot/snapshot.ts'
import { bounded, type Substitution, substitute, substitutionsOf } from './placeholders.ts'
import {
  type ColumnKind,
  canonicalSpelling,
  columnKind,
  foreignIdentity,
  maskFixed,
  type Spelling,
  spellingOf
} from './rules.ts'

/** Normalized values, and whether a fact of the host was replaced in them. */
export interface Reading {
  readonly values: string[]
  readonly hasFacts: boolean
}

/** Normalizes the raw values of a row's identifying columns by fixed rules and the host's own facts. */
export function readValues(
  columns: readonly string[],
  raw: readonly string[],
  substitutions: readonly Substitution[]
): Reading {
  const traits = columnTraits(columns)
  let hasFacts = false
  const values = raw.map((text, at) => {
    if (text === '') return text
    const { kind, spelling } = traits[at] ?? TEXT
    const plain = bounded(canonicalSpelling(spelling, text))
    if (kind === 'digest') return plain
    const replaced = substitute(plain, substitutions, kind === 'program')
    if (replaced !== plain) hasFacts = true
    return maskFixed(replaced, kind)
  })
  return { values, hasFacts }
}

/** Reads the rows of one host: from a raw row to the columns and values of an item. */
export function rowReader(record: HostRecord) {
  const substitutions = substitutionsOf(record.host, record.facts)
  return (query: Query, row: Row): { columns: readonly string[]; values: string[] } => {
    const columns = query.identity ?? foreignIdentity(Object.keys(row), query.volatile)
    const raw = columns.map(column => row[column] ?? '')
    return { columns, values: readValues(columns, raw, substitutions).values }
  }
}

interface ColumnTraits {
  readonly kind: ColumnKind
  readonly spelling: Spelling
}

const TEXT: ColumnTraits = { kind: 'text', spelling: 'one' }

const cache = new WeakMap<readonly string[], readonly ColumnTraits[]>()

function columnTraits(columns: readonly string[]): readonly ColumnTraits[] {
  const known = cache.get(columns)
  if (known !== undefined) return known
  const traits = columns.map(column => ({ kind: columnKind(column), spelling: spellingOf(column) }))
  cache.set(columns, traits)
  return traits
}
