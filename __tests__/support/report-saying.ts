import type { Report } from '../../src/report/report.ts'
import { cluster, finding, host, report, row } from './reports.ts'

/** A report of a fixed form. `w` gives the text of each place that can quote a host, by number. */
export function reportSaying(w: (place: number) => string): Report {
  const hosts = [
    host('i-1', { name: 'web', findings: ['f'] }),
    host('i-2', { status: 'partial', reason: w(0) }),
    host('i-3', { status: 'silent', reason: w(1) })
  ]
  const findings = [
    finding('f', {
      id: w(2),
      hosts: ['i-1'],
      cluster: w(3),
      explanation: w(4),
      attack: [w(5)],
      rows: [
        row(w(6), { [`a${w(7)}`]: `b${w(8)}` }),
        row(w(9), { c: `1${w(10)}`, d: 'same' }, { kind: 'changed', expected: { c: `0${w(11)}`, d: 'same' } })
      ]
    }),
    finding('g', { hosts: ['i-1'], rows: [row('q', { e: `f${w(12)}` })] }),
    finding('h', { hosts: ['i-1'], acceptedBy: w(13) })
  ]
  const clusters = [
    cluster('c1', ['i-1'], { label: w(14), distinguishedBy: [{ query: w(15), row: { x: w(16) } }] }),
    cluster('c2', ['i-2'])
  ]
  return report(hosts, findings, { clusters, notices: [w(17)] })
}
