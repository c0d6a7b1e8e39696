import type { Query } from '../osquery/pack.ts'
import type { HostRecord, Row } from '../snapshot/snapshot.ts'
import { bounded, type Substitution, substitute, substitutionsOf, withoutShared } from './placeholders.ts'
import {
  type ColumnKind,
  canonicalSpelling,
  columnKind,
  foreignIdentity,
  maskFixed,
  type Spelling,
  spellingOf
} from './rules.ts'
import { columnKey, NOTHING_SHARED, type SharedTexts } from './shared-texts.ts'

/** Normalized values, and whether a fact of the host was replaced in them. */
export interface Reading {
  readonly values: string[]
  readonly hasFacts: boolean
}

/**
 * Normalizes the raw values of a row's identifying columns by fixed rules and the host's own facts.
 * @param shared by {@link columnKey}: texts that are not its own there
 * @param note is called with each text of the host that was replaced, and its column
 */
export function readValues(
  query: string,
  columns: readonly string[],
  raw: readonly string[],
  substitutions: readonly Substitution[],
  shared: SharedTexts = NOTHING_SHARED,
  note?: (column: string, text: string) => void
): Reading {
  const traits = columnTraits(columns)
  let hasFacts = false
  const values = raw.map((text, at) => {
    if (text === '') return text
    const { kind, spelling } = traits[at] ?? TEXT
    const plain = bounded(canonicalSpelling(spelling, text))
    if (kind === 'digest') return plain
    const column = columns[at] ?? ''
    const replaced = substitute(
      plain,
      shared.size === 0 ? substitutions : ownIn(shared, columnKey(query, column), substitutions),
      kind === 'program',
      column,
      note
    )
    if (replaced !== plain) hasFacts = true
    return maskFixed(replaced, kind)
  })
  return { values, hasFacts }
}

/**
 * Reads the rows of one host: from a raw row to the columns and values of an item.
 * @param shared of the fleet that the host is in
 */
export function rowReader(record: HostRecord, shared: SharedTexts = NOTHING_SHARED) {
  const substitutions = substitutionsOf(record.host, record.facts)
  return (query: Query, row: Row): { columns: readonly string[]; values: string[] } => {
    const columns = query.identity ?? foreignIdentity(Object.keys(row), query.volatile)
    const raw = columns.map(column => row[column] ?? '')
    return { columns, values: readValues(query.name, columns, raw, substitutions, shared).values }
  }
}

const ownByColumn = new WeakMap<readonly Substitution[], Map<string, readonly Substitution[]>>()

/** A host's substitutions in a column. */
function ownIn(
  shared: SharedTexts,
  key: string,
  substitutions: readonly Substitution[]
): readonly Substitution[] {
  const texts = shared.get(key)
  if (texts === undefined) return substitutions
  const known = ownByColumn.get(substitutions) ?? new Map<string, readonly Substitution[]>()
  ownByColumn.set(substitutions, known)
  const own = known.get(key) ?? withoutShared(substitutions, texts)
  known.set(key, own)
  return own
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
