import type { Item } from '../../normalize/items.ts'
import type { Query } from '../../osquery/pack.ts'
import { type ClusteredFleet, queryOfItem } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { type TableKind, type TableTraits, traitsOf } from '../table-traits.ts'
import { type FleetKnowledge, fleetKnowledge } from './fleet-knowledge.ts'
import { isOnDemandModule } from './kernel-modules.ts'
import { isPackageRun } from './package-runs.ts'
import { isPrivateAddress } from './private-address.ts'
import { type RowFacts, readFacts } from './row-facts.ts'

/** Why a row says more, or less, than that it is rare. */
export type Reason =
  | 'writable-folder'
  | 'hidden-folder'
  | 'from-memory'
  | 'home-of-root'
  | 'home'
  | 'outside-packages'
  | 'package-program'
  | 'reaches-out'
  | 'public-peer'
  | 'connected'
  | 'shell-of-server'
  | 'shell-of-service'
  | 'shell-connection'
  | 'unprivileged-service'
  | 'raw-socket'
  | 'dual-use'
  | 'impostor'
  | 'open-port'
  | 'loopback-port'
  | 'ephemeral-port'
  | 'hidden-process'
  | 'content-differs'
  | 'rare-version'
  | 'unknown-version'
  | 'new-file'
  | 'login-shell'
  | 'root-account'
  | 'no-login'
  | 'empty-password'
  | 'admin-group'
  | 'full-power'
  | 'restricted-power'
  | 'over-proc'
  | 'control'
  | 'asked-for-control'
  | 'unit-gone'
  | 'installed-program-gone'
  | 'port-gone'
  | 'usual-program'
  | 'private-address'
  | 'less-to-fear'
  | 'package-run'
  | 'new-to-baseline'
  | 'required-by-baseline'
  | 'file-listing'
  | 'transient-unit'
  | 'package-job'
  | 'elsewhere'
  | 'booting'

/** What a row says, in whole bits: log₂ of how much likelier a cause shows it than a healthy host's own lone row. */
export interface RowEvidence {
  readonly bits: number
  /** With their bits, the weightiest first. */
  readonly reasons: readonly (readonly [Reason, number])[]
}

/** A deviation with all that scoring asks of it. */
export interface ScoredRow extends RowEvidence {
  readonly deviation: Deviation
  readonly kind: TableKind
  /** Index into the fleet's queries. */
  readonly query: number
  /** Rows that say alike things in the same place. */
  readonly kin: string
  /** Whether it may accuse a host. */
  readonly isIncriminating: boolean
  /** It is a file that no other host has, in a folder that root's programs read. */
  readonly isHook: boolean
  /** It is an account of a person or a service, its key or its password. */
  readonly isAccount: boolean
}

const NO_ITEM: Item = { query: -1, columns: [], values: [] }
const NO_TRAITS: TableTraits = {
  kind: 'context',
  launches: false,
  connections: false,
  hooks: false,
  listsFiles: false,
  rootOnly: false,
  packages: false,
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
        readPlace(add, traits, kind, facts)
        if (traits.hooks && knowledge.isUnprivilegedUnit(facts.path, deviation.hosts))
          add('unprivileged-service', -1)
        readProgram(add, item, traits, kind, facts, knowledge)
        readContent(add, deviation, item, query, facts, knowledge)
        if (kind === 'integrity') readPower(add, item, traits, facts)
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
    const reasons = found.sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    return {
      deviation,
      kind,
      query: item.query,
      bits: reasons.reduce((sum, [, bits]) => sum + bits, 0),
      reasons,
      kin: kinOf(deviation, traits, facts),
      isIncriminating: kind !== 'context',
      isHook: traits.hooks && deviation.kind === 'unexpected',
      isAccount:
        !traits.launches &&
        facts.account === 'other' &&
        ['shell', 'key', 'password_status'].some(column => item.columns.includes(column))
    }
  })
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

type Add = (reason: Reason, bits: number) => void

function readMissing(
  add: Add,
  deviation: Deviation,
  item: Item,
  traits: TableTraits,
  kind: TableKind,
  facts: RowFacts,
  knowledge: FleetKnowledge
): void {
  if (deviation.baseline === 'missing') add('required-by-baseline', 2)
  if (traits.control) {
    add('control', kind === 'integrity' ? 2 : 1)
    return
  }
  if (knowledge.isAskedForControl(deviation.item)) {
    add('asked-for-control', 2)
    return
  }
  if (traits.kind === 'integrity') {
    add('less-to-fear', -1)
    return
  }
  if (facts.port !== 'none') {
    add('port-gone', -1)
    return
  }
  if (item.values[item.columns.indexOf('unit_file_state')] === 'transient') {
    add('transient-unit', -2)
    return
  }
  if (kind === 'state' && traits.launches) {
    add('unit-gone', item.columns.includes('state') ? 1 : 0)
    return
  }
  if (kind === 'moment' && facts.place === 'local' && facts.account === 'root')
    add('installed-program-gone', 1)
}

function readPlace(
  add: Add,
  traits: TableTraits,
  kind: TableKind,
  { place, account, isShell, path, inContainer }: RowFacts
): void {
  // The folder of a process, whose number is normalized: something is mounted over it.
  if (path === '/proc/<num>') {
    add('over-proc', 2)
    return
  }
  if (traits.listsFiles) {
    add('file-listing', kind === 'integrity' ? 0 : -2)
    return
  }
  switch (place) {
    case 'writable':
      add('writable-folder', 3)
      return
    case 'hidden':
      add('hidden-folder', 3)
      return
    case 'memory':
      add('from-memory', kind === 'integrity' ? 0 : 2)
      return
    case 'home':
      if (account === 'root') add('home-of-root', 2)
      else add('home', -1)
      return
    case 'local':
      if (!traits.launches && kind !== 'integrity') return
      // An image of a container has folders of its own.
      if (inContainer) return
      if (account === 'root' || (account === 'unsaid' && kind === 'state')) add('outside-packages', 1)
      return
    case 'package':
      if (kind !== 'moment' || isShell) return
      if (account === 'other') add('package-program', -1)
      else if (isPackageRun(path)) add('package-run', -1)
      return
    case 'none':
      return
  }
}

/** Package managers and their hooks are scripts: root's interpreters on hosts that are just upgrading. */
function runsForUpgrade(
  { isShell, place, account }: RowFacts,
  kind: TableKind,
  { hosts }: Deviation,
  { upgrading }: FleetKnowledge
): boolean {
  return (
    isShell &&
    kind === 'moment' &&
    place === 'package' &&
    account === 'root' &&
    hosts.every(host => upgrading[host] === 1)
  )
}

function readProgram(
  add: Add,
  item: Item,
  traits: TableTraits,
  kind: TableKind,
  facts: RowFacts,
  knowledge: FleetKnowledge
): void {
  if (facts.reachesOut) add('reaches-out', 3)
  if (!traits.launches) return
  if (facts.isShell && kind === 'moment') {
    // Interpreters run much of what talks to databases and queues nearby.
    if (traits.connections) add('shell-connection', facts.isPlainShell || facts.publicPeer ? 2 : 1)
    else if (item.columns.includes('parent_path')) add('shell-of-server', 2)
    else if (facts.isPlainShell && facts.account === 'other') add('shell-of-service', 1)
  } else if (facts.isDualUse) add('dual-use', 1)
  if (item.columns.includes('family')) add('raw-socket', 1)
  if (facts.port === 'open' && !facts.inContainer)
    add(facts.path === '' ? 'hidden-process' : 'open-port', facts.path === '' ? 2 : 1)
  else if (facts.port === 'loopback') add('loopback-port', -1)
  if (facts.port !== 'none' && knowledge.isUsualProgram(item)) add('usual-program', -1)
  else if (facts.port === 'ephemeral') add('ephemeral-port', -2)
  const name = item.values[item.columns.indexOf('name')] ?? ''
  if (kind === 'moment' && facts.path !== '' && /^\[|^kworker|^kthread/.test(name)) add('impostor', 3)
  if (item.columns.includes('fragment_path')) {
    const transient = item.values[item.columns.indexOf('unit_file_state')] === 'transient'
    if (transient || /^\/run\//.test(facts.path)) add('transient-unit', -2)
    else if (facts.account === 'other') add('unprivileged-service', -1)
  }
  if (item.columns.includes('command') && facts.place === 'package' && !facts.reachesOut)
    add('package-job', -1)
}

function readContent(
  add: Add,
  deviation: Deviation,
  item: Item,
  query: Query,
  facts: RowFacts,
  knowledge: FleetKnowledge
): void {
  if (query.cohort.length > 0) {
    if (knowledge.isNewFile(deviation)) {
      add('new-file', 3)
      return
    }
    if (knowledge.isOtherBuild(deviation)) return
    if (query.cohort.some(column => item.values[item.columns.indexOf(column)] === '')) {
      add('unknown-version', -3)
      return
    }
    if (deviation.kind === 'unexpected') {
      add('rare-version', knowledge.isLarge && deviation.hosts.length <= 2 ? 1 : 0)
      return
    }
    add('content-differs', 3)
    return
  }
  if (deviation.kind !== 'changed' || facts.place !== 'package') return
  if (item.columns.some(column => /sha256|sha1|md5|digest|hash/.test(column))) add('content-differs', 2)
}

/** In tables of integrity: what a package can bring is less than what only a person brings. */
function readPower(add: Add, item: Item, traits: TableTraits, facts: RowFacts): void {
  if (traits.control) {
    add('control', item.columns.includes('state') ? 2 : 1)
    return
  }
  const rule = item.values[item.columns.indexOf('rule_details')]
  if (rule !== undefined) {
    if (/\bALL\b(?!\s*=).{0,400}\bALL\s*$/.test(rule.slice(0, 1_000))) {
      add('full-power', 2)
      return
    }
    add('restricted-power', 1)
    return
  }
  if (item.columns.length === 1) {
    if (isOnDemandModule(item.values[0] ?? '')) return
    add('restricted-power', 1)
    return
  }
  const limited =
    (facts.account === 'other' && !traits.rootOnly) ||
    facts.place === 'package' ||
    /^\/usr\/lib/.test(item.values[item.columns.indexOf('value')] ?? '')
  add(limited ? 'restricted-power' : 'full-power', limited ? 1 : 2)
}

function readAccount(add: Add, item: Item, traits: TableTraits, facts: RowFacts): void {
  const shell = item.values[item.columns.indexOf('shell')]
  if (shell !== undefined && !traits.launches) {
    if (/(?:nologin|false|sync|shutdown|halt)$/.test(shell)) add('no-login', -1)
    else if (facts.account === 'root') add('root-account', 2)
    else add('login-shell', 1)
  }
  if (item.values[item.columns.indexOf('password_status')] === 'empty') add('empty-password', 3)
  if (item.columns.includes('groupname') && item.columns.includes('username')) add('admin-group', 1)
  const address = item.values[item.columns.indexOf('address')] ?? ''
  if (!traits.launches && isPrivateAddress(address)) add('private-address', -1)
}

/** What a baseline knows nothing of has changed since it was made: the more, the less chance may change there. */
function baselineBits(traits: TableTraits, kind: TableKind, { account, isShell }: RowFacts): number {
  if (traits.launches) return account === 'root' || isShell ? 3 : 1
  return kind === 'moment' ? 1 : 2
}

/** What much of the fleet has elsewhere is a feature rather than an intruder's. */
function readElsewhere(add: Add, deviation: Deviation, kind: TableKind, knowledge: FleetKnowledge): void {
  if (!knowledge.isCommonElsewhere(deviation)) return
  add('elsewhere', kind === 'integrity' || knowledge.isUsualInAnotherCluster(deviation) ? -1 : -3)
}

/** A context row of the same hosts says that the program talks to others, or that its file was replaced. */
function readConnections(
  add: Add,
  { hosts }: Deviation,
  traits: TableTraits,
  { path, publicPeer }: RowFacts,
  knowledge: FleetKnowledge
): void {
  if (!traits.launches || path === '') return
  if (publicPeer) {
    add('public-peer', 2)
    return
  }
  const peer = knowledge.connectionsOf(path, hosts)
  if (peer === 'public') add('public-peer', 2)
  else if (peer === 'private' && !traits.connections) add('connected', 1)
}
