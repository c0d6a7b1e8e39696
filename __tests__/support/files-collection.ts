import { tmpdir } from 'node:os'
import { systemClock } from '../../src/clock.ts'
import type { CollectPorts, CollectRequest } from '../../src/collect/collector.ts'
import { openFiles } from '../../src/collect/files.ts'
import { parseInputs } from '../../src/inputs/parse.ts'
import type { Pack } from '../../src/osquery/pack.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { recordingLog } from './recording-log.ts'

export interface FilesCollection {
  readonly hosts: ReadonlyMap<string, HostRecord>
  /** How many hosts there should be; 0: not known. */
  readonly targeted: number
  readonly notices: readonly string[]
}

/** Collects files by patterns, as a run does. */
export async function collectFiles(
  workspace: string,
  patterns: readonly string[],
  options: { readonly packs?: readonly Pack[]; readonly expected?: string } = {}
): Promise<FilesCollection> {
  const values: Readonly<Record<string, string>> = {
    collector: 'files',
    files: patterns.join('\n'),
    'expected-hosts': options.expected ?? ''
  }
  const inputs = parseInputs(name => values[name] ?? '', {
    region: undefined,
    runId: undefined,
    temp: tmpdir()
  })
  const packs = options.packs ?? []
  const request: CollectRequest = {
    inputs,
    packs,
    queries: packs.flatMap(pack => pack.queries),
    comment: 'test',
    workspace,
    startedAt: '2026-11-29T09:00:00.000Z'
  }
  const ports: CollectPorts = {
    connect: () => Promise.reject(new Error('files need no AWS')),
    env: {},
    log: recordingLog(),
    clock: systemClock,
    signal: new AbortController().signal
  }
  const opened = await openFiles(request, ports)
  const hosts = new Map<string, HostRecord>()
  let next = await opened.hosts.next()
  for (; !next.done; next = await opened.hosts.next()) hosts.set(next.value.host, next.value)
  return { hosts, targeted: next.value, notices: opened.notices?.() ?? [] }
}

/** The rows of a query that was answered, each as its values in the order of its columns, sorted. */
export function rowsOf(hosts: FilesCollection['hosts'], host: string, query: string): string[] {
  const result = hosts.get(host)?.queries[query]
  if (result?.status !== 'ok') throw new Error(`${query} of ${host} is ${result?.status ?? 'not there'}`)
  return result.rows.map(describe).sort()
}

const describe = (row: Row) => Object.values(row).join(' ')
