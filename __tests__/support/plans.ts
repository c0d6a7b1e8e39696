import type { BaselineChanges } from '../../src/baseline/diff.ts'
import type { Report } from '../../src/report/report.ts'
import { cluster, finding, host, report, row } from './reports.ts'

const ID = (at: number) => `i-0a1b2c3d4e5f${String(1000 + at)}`
const hosts = Array.from({ length: 30 }, (_, at) =>
  host(ID(at), { name: `web-${String(at).padStart(2, '0')}.checkout.internal` })
)
const clusters = [
  cluster(
    'c1',
    hosts.map(({ id }) => id)
  )
]

export const CHANGES: BaselineChanges = {
  rows: [
    {
      change: 'added',
      role: null,
      query: 'kernel_modules',
      row: { name: 'diamorphine' },
      from: null,
      to: 'optional'
    },
    {
      change: 'added',
      role: null,
      query: 'listening_ports',
      row: { protocol: '6', address: '::', port: '9100', path: '/usr/local/bin/node_exporter' },
      from: null,
      to: 'required'
    },
    {
      change: 'moved',
      role: null,
      query: 'listening_ports',
      row: { protocol: '6', address: '0.0.0.0', port: '80', path: '/usr/sbin/nginx' },
      from: 'required',
      to: 'optional'
    },
    {
      change: 'removed',
      role: 'web',
      query: 'crontab',
      row: { path: '/etc/crontab', command: 'run-parts /etc/cron.daily' },
      from: 'required',
      to: null
    }
  ],
  queries: [{ change: 'removed', role: null, query: 'old_query' }],
  acceptances: [
    {
      change: 'added',
      acceptance: {
        query: 'processes',
        match: { path: '/opt/debug/*' },
        hosts: ['i-0abc*'],
        reason: 'load test',
        owner: '@acme/perf',
        expires: '2026-12-31'
      }
    }
  ],
  packs: ['linux']
}

/** A pull request that expects a rollout, and approves an implant along with it. */
export function poisonedPlan(): Report {
  const poisoned = finding('fd-poison-01', {
    kind: 'poisoning',
    verdict: null,
    surprise: 0,
    hosts: [ID(4)],
    attack: ['T1547.006'],
    explanation:
      'The new baseline approves a row of kernel_modules that only 1 of 30 hosts has: an implant would be accepted as normal.',
    rows: [
      row(
        'kernel_modules',
        { name: 'diamorphine' },
        { baseline: 'known', prevalence: { cluster: [1, 30], fleet: [1, 30] } }
      )
    ]
  })
  return {
    ...report(hosts, [poisoned], { clusters, foldedRows: 7 }),
    plan: {
      changes: CHANGES,
      integrity: ['kernel_modules'],
      effect: {
        becomeClean: hosts.slice(0, 27).map(({ id }) => id),
        becomeDrifted: [ID(28), ID(29)],
        vanished: [
          {
            id: 'fd-1',
            severity: 'medium',
            verdict: 'rollout',
            hosts: hosts.slice(0, 27).map(({ id }) => id),
            queries: ['listening_ports']
          },
          {
            id: 'fd-2',
            severity: 'critical',
            verdict: 'intruder',
            hosts: [ID(4)],
            queries: ['kernel_modules']
          }
        ],
        appeared: [
          {
            id: 'fd-3',
            severity: 'high',
            verdict: 'missing',
            hosts: [ID(28), ID(29)],
            queries: ['listening_ports']
          }
        ]
      }
    }
  }
}

/** A pull request that expects a rollout and changes nothing else. */
export function goodPlan(): Report {
  const { plan } = poisonedPlan()
  return {
    ...report(hosts, [], { clusters }),
    plan: {
      integrity: [],
      changes: { rows: CHANGES.rows.slice(1, 2), queries: [], acceptances: [], packs: [] },
      effect: {
        ...plan!.effect!,
        becomeDrifted: [],
        appeared: [],
        vanished: plan!.effect!.vanished.slice(0, 1)
      }
    }
  }
}

/** A pull request from a fork: no host was contacted. */
export function staticPlan(): Report {
  return {
    ...report([], [], {
      notices: [
        'Pull requests from forks and from Dependabot never reach a host. No host was contacted, so the verdict is incomplete.'
      ]
    }),
    plan: { changes: CHANGES, integrity: ['kernel_modules'], effect: null }
  }
}

/** A learned baseline, with one row that was not learned. */
export function learnedBaseline(): Report {
  return {
    ...report(hosts, [], { clusters, run: { mode: 'baseline', baseline: null } }),
    learned: {
      path: 'baselines/checkout.json',
      changed: true,
      changes: { ...CHANGES, rows: CHANGES.rows.slice(1), acceptances: [] },
      integrity: [],
      refused: [
        {
          query: 'kernel_modules',
          row: { name: 'diamorphine' },
          hosts: [ID(4)],
          reason: 'only 1 of 30 clean hosts has it, and a change in this table is rarely benign'
        }
      ]
    }
  }
}

/** A rollout, and a suggested baseline that expects it. */
export function suggested(): Report {
  const rollout = finding('fd-rollout-1', {
    verdict: 'rollout',
    severity: 'medium',
    surprise: 0,
    hosts: hosts.map(({ id }) => id),
    explanation: 'This row of listening_ports is on all 30 hosts, but not in the baseline.',
    rows: [row('listening_ports', { port: '9100' }, { prevalence: { cluster: [30, 30], fleet: [30, 30] } })]
  })
  return {
    ...report(hosts, [rollout], { clusters }),
    suggestion: {
      file: 'baseline.suggested.json',
      changes: { ...CHANGES, rows: CHANGES.rows.slice(1, 2), queries: [], acceptances: [], packs: [] }
    }
  }
}
