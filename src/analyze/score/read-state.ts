import type { Item } from '../../normalize/items.ts'
import type { Query } from '../../osquery/pack.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { TableKind, TableTraits } from '../table-traits.ts'
import type { FleetKnowledge } from './fleet-knowledge.ts'
import { isOnDemandModule } from './kernel-modules.ts'
import type { Owner } from './package-owners.ts'
import { isPrivateAddress } from './private-address.ts'
import type { Add } from './read-program.ts'
import type { RowFacts } from './row-facts.ts'

export function readContent(
  add: Add,
  deviation: Deviation,
  item: Item,
  query: Query,
  traits: TableTraits,
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
  if (traits.digests) {
    add('differs-from-package', 3)
    return
  }
  if (deviation.kind !== 'changed' || facts.place !== 'package') return
  if (item.columns.some(column => /sha256|sha1|md5|digest|hash/.test(column))) add('content-differs', 2)
}

/** In tables of integrity: what a package can bring is less than what only a person brings. */
export function readPower(add: Add, item: Item, traits: TableTraits, facts: RowFacts, owner: Owner): void {
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
    (facts.place === 'package' && owner !== 'none') ||
    /^\/usr\/lib/.test(item.values[item.columns.indexOf('value')] ?? '')
  add(limited ? 'restricted-power' : 'full-power', limited ? 1 : 2)
}

export function readAccount(add: Add, item: Item, traits: TableTraits, facts: RowFacts): void {
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
export function baselineBits(traits: TableTraits, kind: TableKind, { account, isShell }: RowFacts): number {
  if (traits.launches) return account === 'root' || isShell ? 3 : 1
  return kind === 'moment' ? 1 : 2
}

/** What much of the fleet has elsewhere is a feature rather than an intruder's. */
export function readElsewhere(
  add: Add,
  deviation: Deviation,
  kind: TableKind,
  knowledge: FleetKnowledge
): void {
  if (!knowledge.isCommonElsewhere(deviation)) return
  add('elsewhere', kind === 'integrity' || knowledge.isUsualInAnotherCluster(deviation) ? -1 : -3)
}

/** A context row of the same hosts says that the program talks to others, or that its file was replaced. */
export function readConnections(
  add: Add,
  { hosts }: Deviation,
  traits: TableTraits,
  { path, publicPeer, isShell, isPlainShell }: RowFacts,
  knowledge: FleetKnowledge
): void {
  if (!traits.launches || path === '') return
  const peer = publicPeer ? 'public' : knowledge.connectionsOf(path, hosts)
  // A script that talks to a cloud says little; its shell-connection counts already.
  const isInterpreter = isShell && !isPlainShell
  if (peer === 'public') add('public-peer', !isInterpreter ? 2 : traits.connections ? 0 : 1)
  else if (peer === 'private' && !traits.connections) add('connected', 1)
}
