import { cellOf, type Item } from '../../normalize/items.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { TableKind, TableTraits } from '../table-traits.ts'
import type { FleetKnowledge } from './fleet-knowledge.ts'
import type { Owner } from './package-owners.ts'
import { isPackageRun } from './package-runs.ts'
import type { RowFacts } from './row-facts.ts'
import type { Reason } from './scored-row.ts'

/** The sockets by which a container runtime takes its orders: who reaches one can start anything on the host. */
const RUNTIME_SOCKET = /^(?:\/var)?\/run$|\/(?:docker|containerd|crio|podman)\.sock$/

/** Adds a reason and its bits to what a row says. */
export type Add = (reason: Reason, bits: number) => void

export function readMissing(
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
  if (knowledge.protections.isAskedFor(deviation.item)) {
    // Its process was away for a moment: it restarts, or its state was asked for before or after.
    const wasAway = kind === 'moment' && knowledge.protections.isRunning(deviation.item, deviation.hosts)
    add('asked-for-control', wasAway ? 0 : 2)
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

export function readPlace(
  add: Add,
  { kind: change }: Deviation,
  item: Item,
  traits: TableTraits,
  kind: TableKind,
  { place, account, isShell, path, inContainer }: RowFacts,
  owner: Owner
): void {
  // The folder of a process, whose number is normalized: something is mounted over it.
  if (path === '/proc/<num>') {
    add('over-proc', 2)
    return
  }
  if (traits.listsFiles) {
    if (kind === 'integrity' || (place !== 'writable' && isHiddenFolder(item, path))) return
    add('file-listing', -2)
    return
  }
  if (owner === 'package' && kind !== 'integrity' && (place === 'local' || place === 'none')) {
    add('of-package', -1)
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
      // What most hosts have in this file is no one person's taste.
      else if (!traits.hooks || change !== 'changed') add('home', -1)
      return
    case 'local':
      // An image of a container has folders of its own.
      if (inContainer) return
      if (!traits.launches && kind !== 'integrity') return
      if (account === 'root' || (account === 'unsaid' && kind === 'state')) add('outside-packages', 1)
      return
    case 'package':
      if (owner === 'none' && kind !== 'integrity' && !inContainer) {
        add('of-no-package', kind === 'moment' && account !== 'other' ? 2 : 1)
        return
      }
      if (kind !== 'moment' || isShell) return
      if (account === 'other') add('package-program', -1)
      else if (isPackageRun(path)) add('package-run', -1)
      return
    case 'none':
      return
  }
}

/** A folder whose name begins with a dot; in a folder that anyone may write to, tools leave them. */
function isHiddenFolder({ columns, values }: Item, path: string): boolean {
  return values[columns.indexOf('type')] === 'directory' && /\/\.[^/]+\/?$/.test(path)
}

/** What columns say that a pack made for it, and what a container may do. */
export function readMarks(add: Add, item: Item): void {
  if (cellOf(item, 'account') === 'service') add('service-account', 1)
  if (cellOf(item, 'root_login') !== '') add('root-login', 1)
  if (cellOf(item, 'hidden') === 'parent') add('hidden-parent', 1)
  if (!item.columns.includes('image')) return
  if (cellOf(item, 'privileged') === '1' || RUNTIME_SOCKET.test(cellOf(item, 'source')))
    add('commands-host', 1)
}

/** Package managers and their hooks are scripts: root's interpreters on hosts that are just upgrading. */
export function runsForUpgrade(
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

export function readProgram(
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
    // Interpreters run much of what talks to databases, queues and clouds.
    if (traits.connections) add('shell-connection', facts.isPlainShell ? 2 : 1)
    else if (item.columns.includes('parent_path')) add('shell-of-server', 2)
    else if (facts.isPlainShell && facts.account === 'other') add('shell-of-service', 1)
  }
  // A raw socket is what tcpdump and its kind are for, and no second sign.
  if (facts.isDualUse) add('dual-use', 1)
  else if (item.columns.includes('family')) add('raw-socket', 1)
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
