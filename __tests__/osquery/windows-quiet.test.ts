import { expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { facts, host as record } from '../support/fleets.ts'
import { insertRows, schemaDatabase } from '../support/schema-database.ts'

const QUERIES = builtinPack('windows')!.queries
const HOSTS = 60

type Tables = Record<string, Record<string, string | number>[]>

/** Invented rows of a Windows server: what they look like on a real one is untested. */
const server = (): Tables => ({
  services: Array.from({ length: 40 }, (_, index) => ({
    name: `Service${index}`,
    service_type: 'SHARE_PROCESS',
    path: 'C:\\Windows\\System32\\svchost.exe -k netsvcs',
    module_path: `C:\\Windows\\System32\\service${index}.dll`,
    user_account: 'LocalSystem',
    start_type: 'AUTO_START'
  })),
  scheduled_tasks: Array.from({ length: 30 }, (_, index) => ({
    path: `\\Microsoft\\Windows\\Task${index}`,
    action: `%windir%\\system32\\task${index}.exe`,
    enabled: 1,
    hidden: 0
  })),
  certificates: Array.from({ length: 20 }, (_, index) => ({
    common_name: `Root ${index}`,
    sha1: `${index}`.padStart(40, '0'),
    ca: 1,
    self_signed: 1
  })),
  registry: [
    {
      key: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run',
      path: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\Defender',
      name: 'Defender',
      data: 'C:\\Program Files\\Windows Defender\\MSASCuiL.exe',
      type: 'REG_SZ'
    }
  ]
})

function answersOf(tables: Tables): Record<string, Row[]> {
  const database = schemaDatabase('windows')
  for (const [table, rows] of Object.entries(tables)) insertRows(database, table, rows)
  const answers = Object.fromEntries(
    QUERIES.map(({ name, sql }) => [
      name,
      database
        .all(sql)
        .map(row => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value ?? '')])))
    ])
  )
  database.close()
  return answers
}

const QUIET = answersOf(server())

async function severitiesAfter(happens: (tables: Tables) => void, hosts: number): Promise<string[]> {
  const tables = server()
  happens(tables)
  const changed = answersOf(tables)
  const { findings } = await assess(
    { queries: QUERIES, baseline: null, indicators: [], today: '2026-11-30' },
    async function* () {
      for (let index = 0; index < HOSTS; index++)
        yield record(`i-${index}`, index < hosts ? changed : QUIET, { facts })
    }
  )
  return findings.map(({ severity }) => severity)
}

test.each<readonly [string, number, (tables: Tables) => void]>([
  [
    'a logon over RDP, which starts services of one user',
    1,
    ({ services }) => {
      for (const name of ['CDPUserSvc', 'OneSyncSvc', 'WpnUserService', 'PimIndexMaintenanceSvc'])
        services!.push({
          name: `${name}_63718`,
          service_type: 'SHARE_PROCESS',
          path: 'C:\\Windows\\system32\\svchost.exe -k UnistackSvcGroup',
          user_account: '',
          start_type: 'AUTO_START'
        })
    }
  ],
  [
    'tasks that bear the number of a user',
    2,
    ({ scheduled_tasks }) =>
      void scheduled_tasks!.push({
        path: '\\OneDrive Standalone Update Task-S-1-5-21-1-2-3-1001',
        action: '%localappdata%\\Microsoft\\OneDrive\\OneDriveStandaloneUpdater.exe',
        enabled: 1,
        hidden: 0
      })
  ],
  [
    'roots that Windows fetched on demand',
    3,
    ({ certificates }) => {
      for (const common_name of ['Fetched 1', 'Fetched 2'])
        certificates!.push({ common_name, sha1: common_name, ca: 1, self_signed: 1 })
    }
  ]
])('%s: nothing high, and at most one medium', async (_what, hosts, happens) => {
  const severities = await severitiesAfter(happens, hosts)
  expect(severities.filter(severity => severity === 'high' || severity === 'critical')).toEqual([])
  expect(severities.filter(severity => severity === 'medium').length).toBeLessThanOrEqual(1)
})

test.each<readonly [string, (tables: Tables) => void]>([
  [
    'a program that starts in place of another, whatever the case of its value',
    ({ registry }) =>
      void registry!.push({
        key: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\sethc.exe',
        path: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\sethc.exe\\debugger',
        name: 'debugger',
        data: 'cmd.exe',
        type: 'REG_SZ'
      })
  ],
  [
    'a task that bears the name of one of a user, and does something else',
    ({ scheduled_tasks }) =>
      void scheduled_tasks!.push({
        path: '\\OneDrive Standalone Update Task-S-1-5-21-1-2-3-1001',
        action: 'powershell.exe -enc AAAA',
        enabled: 1,
        hidden: 1
      })
  ],
  [
    'a subscription to events of WMI',
    tables => {
      tables.wmi_cli_event_consumers = [{ name: 'upd', command_line_template: 'powershell.exe -enc AAAA' }]
    }
  ]
])('%s: found at medium or above on one of 60 servers', async (_what, happens) => {
  const severities = await severitiesAfter(happens, 1)
  expect(severities.some(severity => severity !== 'low')).toBe(true)
})
