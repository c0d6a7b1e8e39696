import type { BaselineChanges } from '../../src/baseline/diff.ts'
import {
  type Finding,
  type Report,
  type ReportCluster,
  type ReportHost,
  SEVERITIES
} from '../../src/report/report.ts'
import { outlierHosts } from '../../src/report/summarize.ts'
import { HOSTILE } from './hostile.ts'
import { cluster, finding, host, report, row } from './reports.ts'

/** A report whose hosts list their findings, as in a real run. */
export function withHostFindings(sample: Report): Report {
  const byHost = new Map<string, Finding[]>()
  for (const each of sample.findings) {
    for (const id of each.hosts) {
      const known = byHost.get(id)
      if (known === undefined) byHost.set(id, [each])
      else known.push(each)
    }
  }
  const outliers = new Set(outlierHosts(sample.findings))
  const hosts = sample.hosts.map(host => ({
    ...host,
    outlier: outliers.has(host.id),
    surprise: (byHost.get(host.id) ?? []).reduce((bits, { surprise }) => bits + surprise, 0),
    findings: (byHost.get(host.id) ?? []).map(({ id }) => id)
  }))
  return { ...sample, hosts }
}

/**
 * A fleet in six clusters. Most findings are on few hosts, every fifteenth is a rollout on hundreds of hosts, and some
 * hosts are silent or partial.
 */
export function large(hosts: number, findings: number): Report {
  const id = (at: number): string => `i-0${(at * 2_654_435_761).toString(16).padStart(16, '0').slice(-16)}`
  const clusterOf = (at: number): number => [0, 0, 0, 1, 1, 2, 2, 3, 4, 5][at % 10] ?? 0
  const all = Array.from({ length: hosts }, (_, at) =>
    host(id(at), {
      name: `web-${String(at).padStart(4, '0')}.eu.internal`,
      cluster: `c${clusterOf(at) + 1}`,
      ...(at % 97 === 0 ? { status: 'silent', reason: 'The agent is offline.', cluster: null } : {}),
      ...(at % 101 === 1 ? { status: 'partial', reason: 'Three queries timed out.' } : {})
    })
  )
  const found = Array.from({ length: findings }, (_, at) => {
    const rollout = at % 15 === 14
    const many = rollout ? Math.floor(hosts / 8) + at : 1 + ((at * at) % 9)
    const rows = Array.from({ length: 1 + ((at * 7) % 12) }, (_, step) =>
      row(
        ['crontab', 'kernel_modules', 'listening_ports', 'programs', 'setuid_elsewhere'][(at + step) % 5] ??
          '',
        {
          path: `/opt/app-${at}/bin/worker-${step}`,
          cmdline: `/opt/app-${at}/bin/worker-${step} --once`,
          uid: '0'
        },
        { prevalence: { cluster: [many, Math.floor(hosts / 3)], fleet: [many, hosts] } }
      )
    )
    return finding(`f${at.toString(16).padStart(15, '0')}`, {
      severity: rollout ? 'medium' : (SEVERITIES[Math.min(3, Math.floor((at * 5) / findings))] ?? 'low'),
      verdict: rollout ? 'rollout' : 'intruder',
      surprise: rollout ? 0 : 40 - at / 10,
      hosts: [
        ...new Set(
          Array.from({ length: many }, (_, step) => id((at * 37 + step * (rollout ? 3 : 11)) % hosts))
        )
      ].sort(),
      rows,
      explanation: `${rows.length} new rows, on ${many} of ${hosts} hosts.`,
      attack: ['T1053.003']
    })
  })
  const clusters = Array.from({ length: 6 }, (_, at) =>
    cluster(
      `c${at + 1}`,
      all.filter(({ cluster }) => cluster === `c${at + 1}`).map(({ id }) => id),
      { label: `role ${'abcdef'[at]}` }
    )
  )
  return withHostFindings(report(all, found, { clusters, foldedRows: 48_211 }))
}

/** The corpus of attacks in every place of a report that can quote a host, a pack or a baseline. */
export function hostile(): Report {
  const words = HOSTILE.map(text => text.slice(0, 20_000))
  const id = (at: number): string => words[at] || `i-${at}`
  const hosts = [
    ...words.map((text, at) =>
      host(id(at), {
        name: text,
        cluster: text,
        ...(at % 3 === 0
          ? { status: 'silent', reason: text }
          : at % 3 === 1
            ? { status: 'partial', reason: text }
            : {})
      })
    ),
    host('i-0123456789abcdef0', { name: 'web-01', cluster: 'c1' })
  ]
  const findings = words.map((text, at) =>
    finding(text, {
      severity: SEVERITIES[at % 5] ?? 'low',
      kind: at % 7 === 0 ? 'indicator' : 'deviation',
      verdict: at % 7 === 0 ? null : 'intruder',
      hosts: [...new Set([id(at), id((at + 1) % words.length), 'i-0123456789abcdef0'])],
      cluster: text,
      explanation: text,
      attack: [text, 'T1053.003'],
      acceptedBy: at % 9 === 8 ? text : null,
      rows: [
        row(
          text,
          Object.fromEntries([
            [text, text],
            ['path', text],
            ['__proto__', text]
          ])
        ),
        row(
          text,
          { path: text, sha256: 'a' },
          { kind: 'changed', expected: { path: text, sha256: text }, baseline: 'known' }
        ),
        row(text, { path: text }, { kind: 'missing', baseline: 'missing' })
      ]
    })
  )
  const clusters = words.map((text, at) =>
    cluster(text, [id(at)], { label: text, distinguishedBy: [{ query: text, row: { [text]: text } }] })
  )
  const run = {
    name: words[2] ?? '',
    collector: words[1] ?? '',
    region: words[0] ?? '',
    targets: words,
    packs: [{ name: words[0] ?? '', sha256: words[3] ?? '' }],
    baseline: { path: words[4] ?? '', sha256: words[5] ?? '' },
    snapshotSha256: words[6] ?? ''
  }
  const changes: BaselineChanges = {
    rows: words.map(text => ({
      change: 'added',
      role: text,
      query: text,
      row: Object.fromEntries([
        [text, text],
        ['path', text],
        ['__proto__', text]
      ]),
      from: null,
      to: 'optional'
    })),
    queries: words.map(text => ({ change: 'removed', role: text, query: text })),
    acceptances: words.map(text => ({
      change: 'added',
      acceptance: {
        query: text,
        match: { [text]: text },
        hosts: [text],
        reason: text,
        owner: text,
        expires: text
      }
    })),
    packs: words
  }
  const planned = words.map((text, at) => ({
    id: text,
    severity: SEVERITIES[at % 5] ?? 'low',
    verdict: null,
    hosts: [text, id(at)],
    queries: [text]
  }))
  return {
    ...withHostFindings(report(hosts, findings, { clusters, notices: words, run })),
    plan: {
      changes,
      integrity: words,
      effect: { becomeClean: words, becomeDrifted: words, vanished: planned, appeared: planned }
    },
    learned: {
      path: words[2] ?? '',
      changed: true,
      changes,
      integrity: words,
      refused: words.map(text => ({ query: text, row: { [text]: text }, hosts: [text], reason: text }))
    },
    suggestion: { file: words[3] ?? '', changes }
  }
}

/** Many roles: `clusters` of various sizes, one of them split by additions only, and `isolated` hosts unlike all others. */
export function manyClusters(clusters: number, isolated: number): Report {
  const hosts: ReportHost[] = []
  const reportClusters: ReportCluster[] = []
  for (let at = 0; at < clusters + isolated; at++) {
    const id = `c${at + 1}`
    const size = at < clusters ? 2 + (((clusters - at) * 7) % 60) : 1
    const members = Array.from({ length: size }, (_, step) =>
      host(`i-0${String(at * 1_000 + step).padStart(16, '0')}`, {
        name: `role${at}-${step}.internal`,
        cluster: id
      })
    )
    hosts.push(...members)
    reportClusters.push(
      cluster(
        id,
        members.map(host => host.id),
        {
          label: at === 1 ? 'node_exporter' : `service-${at}`,
          code: at === 1 ? 'additions-only' : null,
          distinguishedBy: Array.from({ length: 1 + (at % 6) }, (_, step) => ({
            query: 'systemd_units',
            row: {
              id: `service-${at}-${step}.service`,
              fragment_path: `/etc/systemd/system/service-${at}.service`
            }
          }))
        }
      )
    )
  }
  const last = hosts.at(-1)?.id ?? ''
  return withHostFindings(
    report(hosts, [finding('f1', { hosts: [last], cluster: `c${clusters + isolated}` })], {
      clusters: reportClusters
    })
  )
}
