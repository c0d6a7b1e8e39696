import type { Finding, Report, ReportSummary, Severity } from './report.ts'
import { atLeast, driftFindings, openFindings } from './summarize.ts'

/** One sign for each severity, told apart by shape as well as by color. */
export const SIGNS: Readonly<Record<Severity, string>> = {
  critical: '🟥',
  high: '🔴',
  medium: '🟠',
  low: '🟡',
  info: '⚪'
}

/** What a headline is made of: no word of a host. */
export interface Gist {
  readonly mode: string
  readonly name: string
  readonly summary: ReportSummary
  /** The findings that make the run's verdict `drift`, rollouts apart, and how many hosts are in them. */
  readonly drift: Weighed
  readonly rollouts: Weighed
  /** Open findings of baseline poisoning that are medium or worse. */
  readonly poisoning: Weighed
}

interface Weighed {
  readonly findings: number
  readonly hosts: number
}

export function gistOf({ run, summary, findings }: Report): Gist {
  const drift = driftFindings(findings)
  return {
    mode: run.mode,
    name: run.name,
    summary,
    drift: weigh(drift.filter(finding => finding.verdict !== 'rollout')),
    rollouts: weigh(drift.filter(finding => finding.verdict === 'rollout')),
    poisoning: weigh(
      openFindings(findings).filter(
        ({ kind, severity }) => kind === 'poisoning' && atLeast(severity, 'medium')
      )
    )
  }
}

function weigh(findings: readonly Finding[]): Weighed {
  return { findings: findings.length, hosts: new Set(findings.flatMap(finding => finding.hosts)).size }
}

/** The run in a word or two: its verdict, what is graver than that, or a mode that gives none. */
export function verdictWords({ mode, summary, poisoning }: Gist): string {
  if (mode !== 'check') return mode
  return poisoning.findings > 0 && summary.verdict !== 'drift' ? 'baseline poisoning' : summary.verdict
}

/** Verdict and coverage in one line: what a person must know in ten seconds. The name is checked by the inputs. */
export function headline(gist: Gist): string {
  const { mode, name, summary } = gist
  if (mode !== 'check') return `📦 ${name}: ${mode}. ${outcome(gist)}`
  const sign = SIGNS[summary.worstSeverity === 'none' ? 'medium' : summary.worstSeverity]
  if (gist.poisoning.findings > 0 && summary.verdict !== 'drift')
    return `${sign} ${name}: baseline poisoning. ${outcome(gist)}`
  switch (summary.verdict) {
    case 'clean':
      return `✅ ${name}: clean. ${outcome(gist)}`
    case 'incomplete':
      return `${summary.hosts === 0 ? '⛔' : '⚠️'} ${name}: incomplete. ${outcome(gist)}`
    case 'drift':
      return `${sign} ${name}: drift. ${outcome(gist)}`
  }
}

/** What follows the verdict: how much was found, and on how much of the fleet that rests. */
export function outcome({ mode, summary, drift, rollouts, poisoning }: Gist): string {
  const { reported, hosts } = summary
  const assessed =
    reported === hosts && hosts > 0
      ? `${hosts === 1 ? 'its one host' : `all ${number(hosts)} hosts`} assessed`
      : `${number(reported)} of ${count(hosts, 'host')} assessed`
  if (mode !== 'check') return capital(assessed)
  const poisoned = told(poisoning, 'poisoning')
  if (poisoned !== '' && summary.verdict !== 'drift') {
    const rest = summary.verdict === 'clean' ? 'no drift beside' : 'no drift found beside'
    return `${told(poisoning, 'finding')}; ${rest}, ${assessed}`
  }
  switch (summary.verdict) {
    case 'clean':
      return `No drift, ${assessed}`
    case 'incomplete':
      return hosts === 0 ? 'Nothing was assessed' : `No drift found, but only ${assessed}`
    case 'drift': {
      const found = [told(drift, 'finding'), told(rollouts, 'rollout'), poisoned]
      return `${listed(found.filter(part => part !== ''))}; ${assessed}`
    }
  }
}

function told({ findings, hosts }: Weighed, one: string): string {
  if (findings === 0) return ''
  return hosts === 0 ? count(findings, one) : `${count(findings, one)} on ${count(hosts, 'host')}`
}

/** How many hosts are in which state, with the share that was fully assessed. */
export function coverageSentence(summary: ReportSummary): string {
  const { hosts, reported, partial, silent } = summary
  const unseen = hosts - reported - partial - silent
  const states = [
    `${number(reported)} of ${count(hosts, 'host')} fully assessed`,
    partial > 0 ? `${number(partial)} partial` : '',
    silent > 0 ? `${number(silent)} silent` : '',
    unseen > 0 ? `${number(unseen)} expected and never seen` : ''
  ]
  return `${states.filter(state => state !== '').join(', ')}.`
}

/** Never 100 % unless every host was assessed. */
export function percent(share: number): string {
  return share >= 1 ? '100 %' : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`
}

/** `critical intruder`, `medium indicator hit` … */
export function nature({ severity, kind, verdict }: Pick<Finding, 'severity' | 'kind' | 'verdict'>): string {
  return `${severity} ${verdict?.replace('-', ' ') ?? KINDS[kind]}`
}

export const KINDS: Readonly<Record<Finding['kind'], string>> = {
  deviation: 'deviation',
  indicator: 'indicator hit',
  silent: 'silent host',
  partial: 'partial host',
  poisoning: 'baseline poisoning',
  acceptance: 'acceptance'
}

/** `1 host`, `2,000 hosts`. */
export function count(many: number, one: string): string {
  return `${number(many)} ${one}${many === 1 ? '' : 's'}`
}

export function number(value: number): string {
  return value.toLocaleString('en-US')
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** `a`, `a and b`, `a, b and c`; with `more` left out, `a, b and 37 more`. */
export function listed(items: readonly string[], more = 0): string {
  const all = more > 0 ? [...items, `${number(more)} more`] : items
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
}
