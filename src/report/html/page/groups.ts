import type { ReportCluster } from '../../report.ts'
import { el, said } from './dom.ts'
import type { Model } from './model.ts'
import { count, number } from './words.ts'

/** Hosts that are alike, under what there is to say of them. */
export interface Group {
  readonly name: string
  readonly hosts: readonly number[]
  readonly head: HTMLElement
}

/** From this many clusters of one host on, they share a group. */
const MANY_ALONE = 4

/** Clusters, largest first, each with its reported hosts; then hosts that are like no other, then those in none. */
export function groupsOf(model: Model): Group[] {
  const byCluster = new Map<string | null, number[]>()
  for (const [at, { host, state }] of model.hosts.entries()) {
    if (state === 'silent' || state === 'partial') continue
    const known = byCluster.get(host.cluster)
    if (known === undefined) byCluster.set(host.cluster, [at])
    else known.push(at)
  }
  const groups = model.report.clusters
    .flatMap(cluster => {
      const hosts = byCluster.get(cluster.id) ?? []
      byCluster.delete(cluster.id)
      return hosts.length === 0 ? [] : [{ cluster, hosts }]
    })
    .sort((a, b) => b.hosts.length - a.hosts.length)
  const alone = groups.filter(({ cluster }) => cluster.size === 1)
  const shared = alone.length >= MANY_ALONE ? alone : []
  const rest = [...byCluster.values()].flat()
  const most = groups.length > MANY_CLUSTERS ? 0 : MAX_DISTINGUISHING_ROWS
  return [
    ...groups
      .filter(group => !shared.includes(group))
      .map(({ cluster, hosts }) => {
        const name = `Cluster ${cluster.id}`
        return { name, hosts, head: caption(name, hosts.length, cluster, most) }
      }),
    ...(shared.length > 0 ? [aloneGroup(shared, model)] : []),
    ...(rest.length > 0
      ? [{ name: NO_CLUSTER, hosts: rest, head: plainCaption(NO_CLUSTER, rest.length, '') }]
      : [])
  ]
}

const NO_CLUSTER = 'Hosts in no cluster'

/** Hosts that are like no other, with what sets each apart on request. */
function aloneGroup(
  groups: readonly { readonly cluster: ReportCluster; readonly hosts: readonly number[] }[],
  model: Model
): Group {
  const name = 'Alone'
  const hosts = groups.flatMap(group => group.hosts)
  const head = plainCaption(name, hosts.length, 'like no other host, each a cluster of its own')
  const cards = groups.map(({ cluster, hosts: [at = -1] }) => {
    const host = said(model.hosts[at]?.brief ?? '', 64)
    const rows = apartRows(cluster)
    return el(
      'div',
      {},
      el('p', {}, el('b', {}, cluster.id), ' ', host),
      ...rows.slice(0, MAX_DISTINGUISHING_ROWS),
      ...(rows.length > MAX_DISTINGUISHING_ROWS
        ? [el('p', { class: 'apart' }, `and ${number(rows.length - MAX_DISTINGUISHING_ROWS)} more`)]
        : [])
    )
  })
  head.append(el('details', { class: 'more cards' }, el('summary', {}, 'What sets each apart'), ...cards))
  return { name, hosts, head }
}

/** Rows that set a cluster apart in sight; further ones on request, and all of them where the clusters are many. */
const MAX_DISTINGUISHING_ROWS = 3
const MANY_CLUSTERS = 8

const ADDED = ' (split by additions only)'

function caption(name: string, hosts: number, cluster: ReportCluster, most: number): HTMLElement {
  const added = cluster.label.endsWith(ADDED)
  const label = added ? cluster.label.slice(0, -ADDED.length) : cluster.label
  const element = plainCaption(name, hosts, label === cluster.id ? '' : label)
  if (added) element.append(el('p', { class: 'mark' }, 'Split by additions only: a deploy, or an implant.'))
  const apart = apartRows(cluster)
  const rest = apart.splice(most)
  element.append(...apart)
  if (rest.length > 0) {
    const title = el('summary', {}, count(rest.length, most === 0 ? 'difference' : 'more difference'))
    element.append(el('details', { class: 'more' }, title, ...rest))
  }
  return element
}

function apartRows({ distinguishedBy }: ReportCluster): HTMLElement[] {
  return distinguishedBy.map(({ query, row }) => {
    const values = Object.values(row).filter(value => value !== '')
    return el('p', { class: 'apart' }, said(query, 64), ': ', said(values.join(' '), 120))
  })
}

/** A group's name, how many hosts it has, and a word more. */
export function plainCaption(name: string, hosts: number, more: string): HTMLElement {
  return el(
    'header',
    {},
    el('h3', {}, said(name, 64), ' ', el('span', { class: 'many' }, number(hosts))),
    ...(more === '' ? [] : [el('p', {}, said(more, 160))])
  )
}
