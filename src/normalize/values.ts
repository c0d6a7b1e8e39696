import type { Query } from '../osquery/pack.ts'
import type { HostRecord, Row } from '../snapshot/snapshot.ts'
import { bounded, type Substitution, substitute, substitutionsOf } from './placeholders.ts'
import {
  type ColumnKind,
  columnKind,
  foreignIdentity,
  maskFixed,
  rewritten,
  type Writing,
  writingOf
} from './rules.ts'

/** Normalized values, and whether the host's own facts had a part in them. */
export interface Reading {
  readonly values: string[]
  readonly own: boolean
}

/** Normalizes the raw values of a row's identifying columns by fixed rules and the host's own facts. */
export function readValues(
  columns: readonly string[],
  raw: readonly string[],
  substitutions: readonly Substitution[]
): Reading {
  const kinds = kindsOf(columns)
  let own = false
  const values = raw.map((text, at) => {
    if (text === '') return text
    const { kind, writing } = kinds[at] ?? TEXT
    const plain = bounded(rewritten(writing, text))
    if (kind === 'digest') return plain
    const replaced = substitute(plain, substitutions, kind === 'program')
    if (replaced !== plain) own = true
    return maskFixed(replaced, kind)
  })
  return { values, own }
}

/** How a row of one host becomes the identifying columns and values of an item. */
export function rowReader(record: HostRecord) {
  const substitutions = substitutionsOf(record.host, record.facts)
  return (query: Query, row: Row): { columns: readonly string[]; values: string[] } => {
    const columns = query.identity ?? foreignIdentity(Object.keys(row))
    const raw = columns.map(column => row[column] ?? '')
    return { columns, values: readValues(columns, raw, substitutions).values }
  }
}

interface Column {
  readonly kind: ColumnKind
  readonly writing: Writing
}

const TEXT: Column = { kind: 'text', writing: 'one' }

const kinds = new WeakMap<readonly string[], readonly Column[]>()

function kindsOf(columns: readonly string[]): readonly Column[] {
  const known = kinds.get(columns)
  if (known !== undefined) return known
  const found = columns.map(column => ({ kind: columnKind(column), writing: writingOf(column) }))
  kinds.set(columns, found)
  return found
}
