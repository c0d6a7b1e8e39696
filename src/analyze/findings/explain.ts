import { count, list, plural } from '../../text/phrases.ts'
import type { Verdict } from '../finding.ts'
import type { Reason } from '../score/row-bits.ts'

export interface ExplanationData {
  readonly verdict: Verdict
  readonly rows: number
  readonly hosts: number
  /** Hosts of the clusters concerned. */
  readonly compared: number
  /** Names of the queries, weightiest first. */
  readonly queries: readonly string[]
  readonly baseline: boolean
  /** Whether all rows are missing ones. */
  readonly missing: boolean
  /** What the rows say by themselves, weightiest first. */
  readonly reasons: readonly Reason[]
}

/** What is said of a row; codes without words are details of the score. */
const WORDS: Readonly<Partial<Record<Reason, string>>> = {
  'writable-folder': 'it lies in a folder that anyone or a web server can write to',
  'hidden-folder': 'it lies in a hidden folder',
  'from-memory': 'it runs from memory or from a deleted file',
  'home-of-root': "root runs it from somebody's home",
  'outside-packages': 'root runs it, and it lies outside the folders of packages',
  'reaches-out': 'its text downloads, decodes or opens a connection',
  'public-peer': 'it talks to a public address',
  connected: 'it has connections that other hosts do not have',
  'shell-of-server': 'a server started a shell or an interpreter',
  'shell-connection': 'a shell or an interpreter has a network connection',
  'raw-socket': 'it reads or writes raw packets',
  'dual-use': 'it is a tool that intruders use too',
  impostor: 'it poses as a kernel thread',
  'open-port': 'its port is open to other hosts',
  'hidden-process': 'no process is to be seen behind its port',
  'content-differs': 'its content differs from the same version elsewhere',
  'new-file': 'hardly any other host has this file',
  'rare-version': 'hardly any other host runs this version',
  'login-shell': 'the account can log in',
  'root-account': "the account has root's rights",
  'empty-password': 'the account needs no password',
  'admin-group': 'the account gains administrator rights',
  'full-power': 'it gives full power over the host',
  'restricted-power': 'it gives power over the host',
  'over-proc': 'it hides a process',
  control: 'it is a protection',
  'asked-for-control': 'it belongs to a protection'
}
/** So many reasons are given. */
const MAX_REASONS = 2

/** One plain sentence that a responder can check. Our own words and query names only: no host can speak here. */
export function explain(data: ExplanationData): string {
  const { verdict, rows, hosts, compared, queries, baseline } = data
  const these = rows === 1 ? 'this row' : `these ${rows} rows`
  const on = `on ${hosts} of ${count(compared, 'host')}`
  const where = list(queries, 3)
  const why = reasonsIn(data)
  switch (verdict) {
    case 'rollout':
      if (data.missing)
        return `The baseline requires ${these} in ${where}, missing ${on}: removed by a deploy, or by a compromise of a large part of the fleet. Update the baseline if it was a deploy.`
      return `The baseline does not know ${these} in ${where}, ${on}: a deploy, or a compromise of a large part of the fleet. Update the baseline if it was a deploy.`
    case 'variation':
      return `${plural(hosts, 'This host resembles', 'These hosts resemble')} no other (a bastion, for example): ${these} in ${where}; there is nothing to compare ${plural(hosts, 'it', 'them')} with.`
    case 'broken-control':
      return `A protection is missing or changed ${on}: ${these} in ${where} ${plural(rows, 'is', 'are')} ${baseline ? 'required by the baseline' : 'on nearly every other host'}.`
    case 'missing':
      return `${baseline ? 'The baseline requires' : 'Nearly every other host has'} ${these} in ${where}, missing ${on}${why}.`
    default:
      return `${baseline ? (hosts * 2 < compared ? 'New against the baseline and rare' : 'New against the baseline') : 'Rare'}: ${these} in ${where} ${plural(rows, 'is', 'are')} ${on}${why}.`
  }
}

function reasonsIn({ reasons }: ExplanationData): string {
  const words = reasons.flatMap(reason => WORDS[reason] ?? []).slice(0, MAX_REASONS)
  return words.length === 0 ? '' : `; ${words.join(', and ')}`
}
