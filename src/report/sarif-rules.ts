import type { ReportingDescriptor } from 'sarif'
import { escapePlain } from './escape.ts'
import { capital } from './phrases.ts'
import type { Finding, Severity } from './report.ts'
import { worstOf } from './summarize.ts'

/** In the middle of the ranges that GitHub calls critical (over 9), high (7 to 8.9), medium (4 to 6.9) and low. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.0',
  info: '0.1'
}

/** GitHub shows up to 10 tags of a rule. */
const MAX_TAGS = 10

/** A verdict, or the kind of a finding without one. */
type Claim = NonNullable<Finding['verdict']> | Finding['kind']

/** What each claim means and what to do about it, in our own words. */
const CLAIMS: Readonly<Record<Claim, { readonly means: string; readonly advice: string }>> = {
  intruder: {
    means: 'Rows that are new, and on few hosts of their cluster.',
    advice:
      'Find out who made this change. If nobody did, isolate the hosts and keep the snapshot as evidence. If the change is intended, add the rows to the baseline, or accept them with an owner, a reason and an expiry date.'
  },
  rollout: {
    means: 'Rows that are not in the baseline, on nearly all hosts of a cluster.',
    advice:
      'If this was a deployment, update the baseline. If nobody deployed anything, treat all of these hosts as suspect.'
  },
  'broken-control': {
    means: 'A protection that the other hosts have, or that the baseline requires, is missing or changed.',
    advice: 'Find out who stopped it and when. Start it again, and check what happened while it was off.'
  },
  missing: {
    means: 'Rows are missing that the baseline requires, or that nearly every other host has.',
    advice: 'Restore them. If they were removed on purpose, remove them from the baseline.'
  },
  variation: {
    means: 'Rows that differ, but not enough to suspect an intruder.',
    advice: 'Review them when you have time. Accept what is intended, or add it to the baseline.'
  },
  deviation: {
    means: 'Rows that differ from the baseline or from the other hosts.',
    advice: 'Review the rows. Accept what is intended, or add it to the baseline.'
  },
  indicator: {
    means: 'Rows that match one of the configured indicators.',
    advice: 'Treat the hosts as compromised until you can explain the rows.'
  },
  silent: {
    means: 'Hosts that did not answer. A host that was not assessed is not clean.',
    advice:
      'Check the SSM agent. A host that received the command and never answered may be hiding something.'
  },
  partial: {
    means: 'Hosts that answered only some of the queries.',
    advice: 'Read the reason in the report: osquery may be missing, slow or broken on these hosts.'
  },
  poisoning: {
    means:
      'A change to the baseline would hide an attack: it approves rows that few hosts have, or no longer requires a protection.',
    advice: 'Do not merge until someone who knows the hosts has explained the rows.'
  },
  acceptance: {
    means: 'An acceptance that has expired, or that matches nothing.',
    advice: 'Renew or remove it.'
  }
}

function claimOf({ verdict, kind }: Finding): Claim {
  return verdict ?? kind
}

/** The claim and the query of the first row: stable from run to run. */
export function ruleIdOf(finding: Finding): string {
  const query = finding.rows[0]?.query
  return query === undefined ? claimOf(finding) : `${claimOf(finding)}/${escapePlain(query, 64)}`
}

/** The rules of these findings, in order. A rule is as severe as its worst finding. */
export function rulesOf(findings: readonly Finding[]): ReportingDescriptor[] {
  return [...Map.groupBy(findings, ruleIdOf)].map(([id, group]): ReportingDescriptor => {
    const [first] = group
    const claim = first === undefined ? 'deviation' : claimOf(first)
    const { means, advice } = CLAIMS[claim]
    const query = first?.rows[0]?.query
    const about = query === undefined ? '' : ` The query is ${escapePlain(query, 64)}.`
    const title = `${claim.replace('-', ' ')}${query === undefined ? '' : ` in ${escapePlain(query, 64)}`}`
    const worst = worstOf(group.map(({ severity }) => severity)) ?? 'info'
    const techniques = [...new Set(group.flatMap(finding => finding.attack))].filter(isTechnique).sort()
    const links = techniques.map(
      id => `[${id}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/)`
    )
    return {
      id,
      name: claim,
      shortDescription: { text: capital(title) },
      fullDescription: { text: `${means}${about}` },
      help: {
        text: `${means}${about}\n\n${advice}${techniques.length > 0 ? `\n\nATT&CK: ${techniques.join(', ')}` : ''}`,
        markdown: `${means}\n\n**What to do**: ${advice}${links.length > 0 ? `\n\nATT&CK: ${links.join(', ')}` : ''}`
      },
      properties: {
        'security-severity': SECURITY_SEVERITY[worst],
        tags: [
          'security',
          'fleet-drift',
          ...techniques.map(id => `external/attack/${id.toLowerCase()}`)
        ].slice(0, MAX_TAGS)
      }
    }
  })
}

/** A pack may list anything as a technique. */
function isTechnique(id: string): boolean {
  return /^T\d{4}(?:\.\d{3})?$/.test(id)
}
