import type { Finding } from '../../src/analyze/finding.ts'
import { assess } from '../../src/assess.ts'
import type { Baseline } from '../../src/baseline/baseline.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { QUERIES } from './fleets.ts'
import { indicatorsIn } from './indicators.ts'

export const TODAY = '2026-11-24'

/** The findings about hosts, on {@link TODAY}. @param indicators as the input has them */
export async function findingsOf(
  hosts: readonly HostRecord[],
  baseline: Baseline | null = null,
  indicators = ''
): Promise<readonly Finding[]> {
  const question = { queries: QUERIES, baseline, indicators: await indicatorsIn(indicators), today: TODAY }
  const { findings } = await assess(question, async function* () {
    yield* hosts
  })
  return findings
}

/** A baseline of the healthy hosts: their programs, kernel modules and protections. */
export function baseline(rest: Partial<Baseline> = {}): Baseline {
  return {
    version: 1,
    name: 'web',
    packs: {},
    queries: {
      programs: {
        columns: ['path', 'username'],
        required: [
          ['/usr/bin/node', 'app'],
          ['/usr/sbin/cron', 'root'],
          ['/usr/sbin/nginx', 'root'],
          ['/usr/sbin/sshd', 'root']
        ],
        optional: []
      },
      modules: { columns: ['name'], required: [['ext4'], ['nf_tables'], ['overlay']], optional: [['loop']] },
      guards: { columns: ['name', 'state'], required: [['auditd', 'active']], optional: [] }
    },
    accept: [],
    roles: {},
    ...rest
  }
}
