import type { Query } from '../../osquery/pack.ts'

/** What runs a host's commands: a POSIX shell (Linux, macOS) or Windows PowerShell. */
export type Shell = 'posix' | 'powershell'

export const SHELLS: readonly Shell[] = ['posix', 'powershell']

/** The queries for hosts with this shell; those that name no platform are for all hosts. */
export function queriesFor<T extends Pick<Query, 'platforms'>>(queries: readonly T[], shell: Shell): T[] {
  return queries.filter(
    ({ platforms }) =>
      platforms.length === 0 || platforms.some(name => (name === 'windows') === (shell === 'powershell'))
  )
}
