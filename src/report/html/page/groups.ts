import { count, number } from '../../../text/phrases.ts'
import type { ReportCluster } from '../../report.ts'
import { shortenDigests } from '../../row-text.ts'
import { el, untrusted } from './dom.ts'
import type { Model } from './model.ts'

/** Similar hosts under one header. */
export interface Group {
  readonly name: string
  readonly hosts: readonly number[]
  readonly header: HTMLElement
}

interface ClusterHosts {
  readonly cluster: ReportCluster
  readonly hosts: readonly number[]
}

/** From this many clusters of one host on, they share one group. */
const MIN_SHARED_SINGLES = 4
/** Up to this many clusters show distinguishing rows at once; of more clusters, they are shown on request. */
const MAX_OPEN_CLUSTERS = 8
const MAX_DISTINGUISHING_ROWS = 3
const NO_CLUSTER = 'Hosts in no cluster'

/** The clusters with their reported hosts, largest first; then hosts unlike all others, then hosts in no cluster. */
export function groupsOf(model: Model): Group[] {
  const { clusters, unclustered } = clusterHosts(model)
  const singles = clusters.filter(({ cluster }) => cluster.size === 1)
  const shared = singles.length >= MIN_SHARED_SINGLES ? singles : []
  const visibleRows = clusters.length > MAX_OPEN_CLUSTERS ? 0 : MAX_DISTINGUISHING_ROWS
  return [
    ...clusters
      .filter(each => !shared.includes(each))
      .map(({ cluster, hosts }) => {
        const name = `Cluster ${cluster.id}`
        return { name, hosts, header: clusterHeader(name, hosts.length, cluster, visibleRows) }
      }),
    ...(shared.length > 0 ? [isolatedGroup(shared, model)] : []),
    ...(unclustered.length > 0
      ? [{ name: NO_CLUSTER, hosts: unclustered, header: groupHeader(NO_CLUSTER, unclustered.length, '') }]
      : [])
  ]
}

/** Reported hosts by cluster, the largest cluster first. */
function clusterHosts(model: Model): { clusters: ClusterHosts[]; unclustered: number[] } {
  const byCluster = new Map<string | null, number[]>()
  for (const [index, { host, state }] of model.hosts.entries()) {
    if (state === 'silent' || state === 'partial') continue
    const known = byCluster.get(host.cluster)
    if (known === undefined) byCluster.set(host.cluster, [index])
    else known.push(index)
  }
  const clusters = model.report.clusters
    .flatMap(cluster => {
      const hosts = byCluster.get(cluster.id) ?? []
      byCluster.delete(cluster.id)
      return hosts.length === 0 ? [] : [{ cluster, hosts }]
    })
    .sort((a, b) => b.hosts.length - a.hosts.length)
  return { clusters, unclustered: [...byCluster.values()].flat() }
}

/** Hosts unlike all others; how each differs is shown on request. */
function isolatedGroup(singles: readonly ClusterHosts[], model: Model): Group {
  const name = 'Isolated'
  const hosts = singles.flatMap(single => single.hosts)
  const header = groupHeader(name, hosts.length, 'unlike all other hosts, each in a cluster of its own')
  const details = singles.map(({ cluster, hosts: [host = -1] }) => {
    const rows = distinguishingRows(cluster)
    const more = rows.length - MAX_DISTINGUISHING_ROWS
    return el(
      'div',
      {},
      el('p', {}, el('b', {}, cluster.id), ' ', untrusted(model.hosts[host]?.brief ?? '', 64)),
      ...rows.slice(0, MAX_DISTINGUISHING_ROWS),
      ...(more > 0 ? [el('p', { class: 'difference' }, `and ${number(more)} more`)] : [])
    )
  })
  header.append(
    el('details', { class: 'more isolated' }, el('summary', {}, 'How each one differs'), ...details)
  )
  return { name, hosts, header }
}

/** @param visibleRows how many distinguishing rows are shown at once */
function clusterHeader(
  name: string,
  hosts: number,
  { id, label, code, ...cluster }: ReportCluster,
  visibleRows: number
): HTMLElement {
  const element = groupHeader(name, hosts, label === id ? '' : label)
  if (code === 'additions-only')
    element.append(
      el('p', { class: 'warning' }, 'Split off by additional rows only: a deployment, or an implant.')
    )
  const rows = distinguishingRows(cluster)
  const more = rows.splice(visibleRows)
  element.append(...rows)
  if (more.length > 0) {
    const title = el('summary', {}, count(more.length, visibleRows === 0 ? 'difference' : 'more difference'))
    element.append(el('details', { class: 'more' }, title, ...more))
  }
  return element
}

function distinguishingRows({ distinguishedBy }: Pick<ReportCluster, 'distinguishedBy'>): HTMLElement[] {
  return distinguishedBy.map(({ query, row }) => {
    const values = Object.values(row).filter(value => value !== '')
    return el(
      'p',
      { class: 'difference' },
      untrusted(query, 64),
      ': ',
      untrusted(shortenDigests(values.join(' ')), 120)
    )
  })
}

/** A group's name, its number of hosts, and a description. */
export function groupHeader(name: string, hosts: number, description: string): HTMLElement {
  return el(
    'header',
    {},
    el('h3', {}, untrusted(name, 64), ' ', el('span', { class: 'count' }, number(hosts))),
    ...(description === '' ? [] : [el('p', {}, untrusted(description, 160))])
  )
}
