import { cellOf, type Item } from '../../normalize/items.ts'
import { type ClusteredFleet, queryOfItem } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { type TableKind, type TableTraits, traitsOf } from '../table-traits.ts'
import { type FleetKnowledge, fleetKnowledge } from './fleet-knowledge.ts'
import type { Owner } from './package-owners.ts'
import { type Add, readMarks, readMissing, readPlace, readProgram, runsForUpgrade } from './read-program.ts'
import {
  baselineBits,
  readAccount,
  readConnections,
  readContent,
  readElsewhere,
  readPower
} from './read-state.ts'
import { type RowFacts, readFacts } from './row-facts.ts'
import type { Reason, RowEvidence, ScoredRow } from './scored-row.ts'

const NO_ITEM: Item = { query: -1, columns: [], values: [] }
const NO_TRAITS: TableTraits = {
  kind: 'context',
  launches: false,
  connections: false,
  hooks: false,
  listsFiles: false,
  rootOnly: false,
  packages: false,
  owners: false,
  digests: false,
  control: false
}

/** One rule may lower a row by so many bits and no more. */
const STEP = 3

/**
 * Reads what each deviation says by itself (naive Bayes: the bits of all that holds add up). The bits are whole, were
 * estimated on generated healthy fleets and incidents, and come with their reasons. O(deviations × columns).
 */
export function scoreRows(fleet: ClusteredFleet, deviations: readonly Deviation[]): ScoredRow[] {
  const knowledge = fleetKnowledge(fleet, deviations)
  const evidenceOf = evidenceTable()
  const kins = new Map<string, string>()
  return deviations.map(deviation => {
    const item = fleet.fleet.items[deviation.item] ?? NO_ITEM
    const query = queryOfItem(fleet, deviation.item)
    const traits = query === undefined ? NO_TRAITS : traitsOf(query)
    const kind = kindOf(traits, deviation)
    const facts = readFacts(item)
    const found: [Reason, number][] = []
    if (query !== undefined && kind !== 'context') {
      const add: Add = (reason, bits) => {
        if (bits !== 0) found.push([reason, Math.max(-STEP, bits)])
      }
      if (deviation.kind === 'missing') readMissing(add, deviation, item, traits, kind, facts, knowledge)
      else {
        const owner = ownerOf(deviation, item, facts, knowledge)
        readPlace(add, deviation, item, traits, kind, facts, owner)
        if (traits.hooks && knowledge.isUnprivilegedUnit(facts.path, deviation.hosts))
          add('unprivileged-service', -1)
        readProgram(add, item, traits, kind, facts, knowledge)
        if (kind === 'moment') readMarks(add, item)
        readContent(add, deviation, item, query, traits, facts, knowledge)
        if (kind === 'integrity') readPower(add, item, traits, facts, owner)
        else readAccount(add, item, traits, facts)
        if (runsForUpgrade(facts, kind, deviation, knowledge)) add('package-run', -1)
        if (deviation.baseline === 'none') readElsewhere(add, deviation, kind, knowledge)
        readConnections(add, deviation, traits, facts, knowledge)
        if (deviation.baseline === 'new') add('new-to-baseline', baselineBits(traits, kind, facts))
      }
      if (
        kind !== 'integrity' &&
        deviation.hosts.every(host => knowledge.booting[host] === 1) &&
        !facts.reachesOut
      )
        add('booting', -2)
    }
    const kin = kinOf(deviation, traits, facts)
    if (!kins.has(kin)) kins.set(kin, kin)
    return {
      deviation,
      kind,
      query: item.query,
      ...evidenceOf(found),
      kin: kins.get(kin) ?? kin,
      isIncriminating: kind !== 'context',
      isHook: traits.hooks && deviation.kind === 'unexpected',
      person: kind === 'moment' && facts.account === 'other' ? cellOf(item, 'username') : '',
      isAccount:
        !traits.launches &&
        facts.account === 'other' &&
        ['shell', 'key', 'password_status'].some(column => item.columns.includes(column))
    }
  })
}

/** Whose the file of a row is. Of a file that changed, and of a job's command, a package says nothing. */
function ownerOf(
  { kind, hosts }: Deviation,
  { columns }: Item,
  { path }: RowFacts,
  knowledge: FleetKnowledge
): Owner {
  return kind === 'unexpected' && !columns.includes('command') ? knowledge.ownerOf(path, hosts) : 'unsaid'
}

/** Rows for which the same holds share it: a large fleet has rows by the hundred thousand, and few different ones. */
function evidenceTable(): (found: [Reason, number][]) => RowEvidence {
  const known = new Map<string, RowEvidence>()
  return found => {
    const key = found.join()
    let evidence = known.get(key)
    if (evidence === undefined) {
      const reasons = found.sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
      evidence = { bits: reasons.reduce((sum, [, bits]) => sum + bits, 0), reasons }
      known.set(key, evidence)
    }
    return evidence
  }
}

function kindOf(traits: TableTraits, { kind }: Deviation): TableKind {
  if (traits.kind === 'context') return 'context'
  // A missing row of an integrity table is a thing less to fear, unless it is a protection.
  if (traits.kind === 'integrity') return kind === 'missing' && !traits.control ? 'state' : 'integrity'
  return kind !== 'unexpected' && traits.control ? 'integrity' : traits.kind
}

function kinOf({ kind }: Deviation, traits: TableTraits, { place, account, port, path }: RowFacts): string {
  if (traits.hooks) return `${kind} ${path.slice(0, path.lastIndexOf('/') + 1)}`
  return `${kind} ${place} ${account} ${port}`
}
