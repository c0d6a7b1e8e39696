import { tableOf } from './expected.ts'
import type { Reason, ScoredRow } from './scored-row.ts'

/** For high a row says so much by itself, or all tables together do. */
const SAYS_ALONE = 2
export const SAYS_TOGETHER = 3

/** Reasons that one thing gives to several rows: a connection to all of its program, a person to a login and a tool. */
const ONE_CONNECTION: readonly Reason[] = ['connected', 'public-peer', 'shell-connection']
const ONE_PERSON: readonly Reason[] = ['dual-use', 'root-login']

/** Whether what the rows say by themselves is enough for high. What one thing says in several rows counts once. */
export function saysEnough(rows: readonly ScoredRow[], together: number): boolean {
  // Nearly every service has a connection of its own to a private address.
  if (rows.some(row => row.bits - bitsOf(row, ['connected']) >= SAYS_ALONE)) return true
  return bitsTogether(rows) >= together
}

/** What rows say together. */
export function bitsTogether(rows: readonly ScoredRow[]): number {
  const most = new Map<number | 'account', number>()
  let connection = 0
  let person = 0
  for (const row of rows) {
    // An account, its key and its password are one thing that happened.
    const key = row.isAccount ? 'account' : tableOf(row)
    connection = Math.max(connection, bitsOf(row, ONE_CONNECTION))
    person = Math.max(person, bitsOf(row, ONE_PERSON))
    const rest = row.bits - bitsOf(row, [...ONE_CONNECTION, ...ONE_PERSON])
    most.set(key, Math.max(most.get(key) ?? 0, rest))
  }
  return [...most.values()].reduce((sum, bits) => sum + bits, connection + person)
}

/** How many of a row's bits are for these reasons. */
const bitsOf = ({ bits, reasons }: ScoredRow, asked: readonly Reason[]): number =>
  Math.min(
    Math.max(0, bits),
    reasons.reduce((sum, [reason, own]) => sum + (asked.includes(reason) ? own : 0), 0)
  )
