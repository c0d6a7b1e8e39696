import { count, list, number, plural } from '../../text/phrases.ts'
import type { Verdict } from '../finding.ts'
import type { Reason } from '../score/scored-row.ts'

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
  /** Whether several hosts have one row each, and no row is on two of them. */
  readonly variants: boolean
  /** Whether so many hosts share the rows that they are not rare. */
  readonly shared: boolean
  /** What the rows say by themselves, weightiest first. */
  readonly reasons: readonly Reason[]
}

/** What is said of a row; codes without words are details of the score. */
const WORDS: Readonly<Partial<Record<Reason, string>>> = {
  'writable-folder': 'a path lies in a folder that anyone or a web server can write to',
  'hidden-folder': 'a path lies in a hidden folder',
  'from-memory': 'a program runs from memory or from a deleted file',
  'home-of-root': "root runs a program from somebody's home",
  'outside-packages': 'root runs a program outside the folders of packages',
  'of-no-package': 'a file in a folder of packages belongs to no package',
  'differs-from-package': 'a file is not what its package brought',
  'reaches-out': 'the text downloads, decodes or opens a connection',
  'public-peer': 'a program talks to a public address',
  connected: 'a program has connections that other hosts do not have',
  'shell-of-server': 'a server started a shell or an interpreter',
  'shell-connection': 'a shell or an interpreter has a network connection',
  'raw-socket': 'a program reads or writes raw packets',
  'dual-use': 'intruders use this tool too',
  impostor: 'a program poses as a kernel thread',
  'open-port': 'a port is open to other hosts',
  'hidden-process': 'a port has no visible process',
  'content-differs': 'the content of a file differs from the same version elsewhere',
  'new-file': 'hardly any other host has this file',
  'rare-version': 'hardly any other host runs this version',
  'login-shell': 'an account can log in',
  'root-account': "an account has root's rights",
  'empty-password': 'an account needs no password',
  'admin-group': 'an account gains administrator rights',
  'full-power': 'this gives full power over the host',
  'restricted-power': 'this gives power over the host',
  'service-account': 'an account that nobody logs in with runs this',
  'root-login': 'root logged in directly',
  'hidden-parent': 'the parent of a program is in no list',
  'commands-host': 'a container may do what its host may',
  'over-proc': 'a mount hides a process',
  control: 'a protection is concerned',
  'asked-for-control': 'a protection is concerned'
}
/** So many reasons are given. */
const MAX_REASONS = 2

/** One plain sentence that a responder can check. Our own words and query names only: no host can speak here. */
export function explain(data: ExplanationData): string {
  const { verdict, rows, hosts, compared, queries, baseline } = data
  const these = rows === 1 ? 'this row' : `these ${number(rows)} rows`
  const share = `${number(hosts)} of ${count(compared, 'host')}`
  const on = `on ${share}`
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
    default: {
      if (data.shared)
        return `${share} share ${these} in ${where}${why}: a deploy, or a compromise of many hosts.`
      const rare = hosts * 2 < compared
      const novelty = baseline
        ? `New against the baseline${rare ? ' and rare' : ''}`
        : rare
          ? 'Rare'
          : 'Rare in the rest of the fleet'
      if (data.variants) return `${novelty}: ${share} each have rows of their own in ${where}${why}.`
      return `${novelty}: ${these} in ${where} ${plural(rows, 'is', 'are')} ${on}${why}.`
    }
  }
}

function reasonsIn({ reasons }: ExplanationData): string {
  const said = reasons.filter(reason => reason !== 'restricted-power' || !reasons.includes('full-power'))
  const words = [...new Set(said.flatMap(reason => WORDS[reason] ?? []))].slice(0, MAX_REASONS)
  return words.length === 0 ? '' : `; ${words.join(', and ')}`
}
