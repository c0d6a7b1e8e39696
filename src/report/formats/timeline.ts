import { escapeUnseen } from '../../text/escape-json.ts'
import { sanitize } from '../../text/sanitize.ts'
import { findingTitle } from '../phrases.ts'
import type { FindingRow, Report } from '../report.ts'
import { rowText } from '../row-text.ts'

/** Columns of osquery with a time in seconds since 1970, and what it means. */
const TIME_COLUMNS: Readonly<Record<string, string>> = {
  start_time: 'Process started',
  mtime: 'Content modified',
  ctime: 'Metadata changed',
  btime: 'File created',
  atime: 'Last access',
  time: 'Event',
  install_time: 'Package installed',
  last_run_time: 'Last run'
}

const MAX_ROW_LENGTH = 500

/** Events for Timesketch (JSONL): every time in a row of a finding. The times are what the hosts claim. */
export function renderTimeline({ findings, run }: Report): string {
  const events = findings.flatMap(finding =>
    finding.rows.flatMap(row =>
      timesOf(row).map(({ datetime, meaning }) => ({
        message: `${findingTitle(finding)}: ${rowText(row, MAX_ROW_LENGTH, sanitize)}`,
        datetime,
        timestamp_desc: `${meaning} (as the host claims)`,
        fleet: run.name,
        finding: finding.id,
        severity: finding.severity,
        hosts: finding.hosts
      }))
    )
  )
  return events
    .sort((a, b) => (a.datetime < b.datetime ? -1 : a.datetime > b.datetime ? 1 : 0))
    .map(event => `${escapeUnseen(JSON.stringify(event))}\n`)
    .join('')
}

function timesOf({ kind, row }: FindingRow): { datetime: string; meaning: string }[] {
  if (kind === 'missing') return []
  return Object.entries(TIME_COLUMNS).flatMap(([column, meaning]) => {
    const text = row[column] ?? ''
    if (!/^[1-9]\d{7,10}(?:\.\d+)?$/.test(text)) return []
    return [{ datetime: new Date(Number(text) * 1000).toISOString(), meaning }]
  })
}
