import { count, list, number } from '../text/phrases.ts'
import { SEVERITY_MARKS } from './marks.ts'
import { capital } from './phrases.ts'
import type { Finding, Report, ReportSummary } from './report.ts'
import { atLeast, driftFindings, nonCoverageFindings, openFindings } from './summarize.ts'

/** What a headline is made of. It holds no word of a host. */
export interface Headline {
  readonly mode: string
  readonly name: string
  readonly summary: ReportSummary
  /** The findings that make the verdict `drift`, except rollouts. */
  readonly drift: Extent
  readonly rollouts: Extent
  /** Open findings of baseline poisoning that are medium or worse. */
  readonly poisoning: Extent
  /** Open findings below medium severity, except those about hosts that were not fully assessed. */
  readonly minor: number
  /** Hosts that were compared with nothing. */
  readonly uncompared: number
  /** Whether any host answered a query. */
  readonly observed: boolean
}

/** How many findings there are, and on how many hosts. */
interface Extent {
  readonly findings: number
  readonly hosts: number
}

export function headlineOf({ run, summary, hosts, findings, inventory }: Report): Headline {
  const drift = driftFindings(findings)
  return {
    mode: run.mode,
    name: run.name,
    summary,
    uncompared: inventory?.hosts.length ?? 0,
    observed: inventory !== undefined || hosts.some(({ cluster }) => cluster !== null),
    drift: extentOf(drift.filter(finding => finding.verdict !== 'rollout')),
    rollouts: extentOf(drift.filter(finding => finding.verdict === 'rollout')),
    poisoning: extentOf(
      openFindings(findings).filter(
        ({ kind, severity }) => kind === 'poisoning' && atLeast(severity, 'medium')
      )
    ),
    minor: nonCoverageFindings(findings).filter(({ severity }) => !atLeast(severity, 'medium')).length
  }
}

function extentOf(findings: readonly Finding[]): Extent {
  return { findings: findings.length, hosts: new Set(findings.flatMap(finding => finding.hosts)).size }
}

/** A headline in words. */
export interface HeadlineText {
  readonly mark: string
  /** `drift`, `clean`, `incomplete` or `baseline poisoning`; in other modes than `check` the mode. */
  readonly verdict: string
  /** What was found, and how much of the fleet was assessed. It has no full stop. */
  readonly outcome: string
}

export function headlineText({
  mode,
  summary,
  drift,
  rollouts,
  poisoning,
  minor,
  uncompared,
  observed
}: Headline): HeadlineText {
  const { reported, hosts, worstSeverity, verdict } = summary
  const assessed =
    reported === hosts && hosts > 0
      ? `${hosts === 1 ? 'its only host' : hosts === 2 ? 'both hosts' : `all ${number(hosts)} hosts`} assessed`
      : `${number(reported)} of ${count(hosts, 'host')} assessed`
  if (mode !== 'check') return { mark: '📦', verdict: mode, outcome: capital(assessed) }
  const severityMark = SEVERITY_MARKS[worstSeverity === 'none' ? 'medium' : worstSeverity]
  if (verdict === 'drift') {
    const found = [
      extentText(drift, 'finding'),
      extentText(rollouts, 'rollout'),
      extentText(poisoning, 'poisoning finding'),
      minorText(minor)
    ]
    return {
      mark: severityMark,
      verdict,
      outcome: `${list(found.filter(part => part !== ''))}; ${assessed}`
    }
  }
  const calm =
    verdict === 'clean'
      ? {
          mark: '✅',
          outcome: minor > 0 ? `No drift, ${minorText(minor)}; ${assessed}` : `No drift, ${assessed}`
        }
      : incomplete(summary, minor, observed ? uncompared : null, assessed)
  if (poisoning.findings === 0) return { ...calm, verdict }
  return {
    mark: severityMark,
    verdict: 'baseline poisoning',
    outcome: `${extentText(poisoning, 'finding')}; ${calm.outcome.charAt(0).toLowerCase()}${calm.outcome.slice(1)}`
  }
}

/**
 * @param uncompared hosts that were compared with nothing; `null`: no host answered a query
 * @param assessed how much of the fleet was fully assessed, in words
 */
function incomplete(
  { hosts, reported, partial }: ReportSummary,
  minor: number,
  uncompared: number | null,
  assessed: string
): Omit<HeadlineText, 'verdict'> {
  if (hosts === 0) return { mark: '⛔', outcome: 'Nothing was assessed' }
  if (reported + partial === 0 || uncompared === null) {
    const what = reported + partial === 0 ? '' : ' a query'
    const who = hosts === 1 ? 'its only host has not' : `none of ${number(hosts)} hosts`
    return { mark: '⛔', outcome: `Nothing was assessed: ${who} answered${what}` }
  }
  const partly =
    hosts === 1 ? 'its only host assessed only in part' : `none of ${number(hosts)} hosts fully assessed`
  const share = reported === hosts ? assessed : reported === 0 ? partly : `only ${assessed}`
  if (uncompared >= hosts) return { mark: '⚠️', outcome: `Nothing to compare with, ${share}` }
  const found = minor > 0 ? `No drift found, ${minorText(minor)}` : 'No drift found'
  if (reported < hosts) return { mark: '⚠️', outcome: `${found}, but ${share}` }
  const without = `nothing compares with ${count(uncompared, 'host')}`
  return { mark: '⚠️', outcome: `${found}, but ${without}; ${share}` }
}

/** Verdict and coverage in one line, to be read in ten seconds. The inputs check the name. */
export function headline(from: Headline): string {
  const { mark, verdict, outcome } = headlineText(from)
  return `${mark} ${from.name}: ${verdict}. ${outcome}`
}

/** `3 findings on 7 hosts`; empty where there are none. */
function extentText({ findings, hosts }: Extent, noun: string): string {
  if (findings === 0) return ''
  return hosts === 0 ? count(findings, noun) : `${count(findings, noun)} on ${count(hosts, 'host')}`
}

/** Empty where there are none. */
function minorText(minor: number): string {
  return minor === 0 ? '' : count(minor, 'minor finding')
}
