import type { ReportingDescriptor } from 'sarif'
import { escapePlain } from './escape.ts'
import { type Finding, SEVERITIES, type Severity } from './report.ts'

/** Middle of the bands that GitHub calls critical (over 9), high (7 to 8.9), medium (4 to 6.9) and low. */
const SECURITY_SEVERITY: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.0',
  info: '0.1'
}

/** GitHub shows so many tags of a rule. */
const MAX_TAGS = 10

type Claim = NonNullable<Finding['verdict']> | Exclude<Finding['kind'], 'deviation'> | 'deviation'

/** What each claim means, and what to do about it: our own words. */
const CLAIMS: Readonly<Record<Claim, { readonly means: string; readonly advice: string }>> = {
  intruder: {
    means: 'Rows that are new and on few hosts of their cluster.',
    advice:
      'Look at the rows and ask who made them. If nobody did, isolate the hosts and keep the snapshot as evidence. If they are meant, take them into the baseline, or accept them with an owner, a reason and a date.'
  },
  rollout: {
    means: 'Rows that the baseline does not know, on nearly all hosts of a cluster.',
    advice:
      'If it was a deploy, update the baseline. If nobody deployed, a large part of the fleet is suspect.'
  },
  'broken-control': {
    means: 'A protection that the other hosts have, or the baseline requires, is missing or changed.',
    advice: 'Find out who stopped it and when, start it again, and look at what happened meanwhile.'
  },
  missing: {
    means: 'Rows that the baseline requires, or nearly every other host has, are missing.',
    advice: 'Restore them, or take them out of the baseline if they went for good.'
  },
  variation: {
    means: 'Rows that differ, and are not rare enough or not weighty enough to accuse a host.',
    advice: 'Read them when you can. Accept or take into the baseline what is meant.'
  },
  deviation: {
    means: 'Rows that differ from the baseline or from the other hosts.',
    advice: 'Read the rows. Accept or take into the baseline what is meant.'
  },
  indicator: {
    means: 'Rows that match an indicator of the input indicators.',
    advice: 'Treat the hosts as compromised until the rows are explained.'
  },
  silent: {
    means: 'Hosts that did not answer. What was not assessed is not clean.',
    advice:
      'Look at the state of the SSM agent. A host that got the command and never answered may hide something.'
  },
  partial: {
    means: 'Hosts that answered in part.',
    advice: 'Read the reason: osquery may be missing, slow or broken on these hosts.'
  },
  poisoning: {
    means: 'A change of the baseline blesses rows that only a small part of the fleet has.',
    advice: 'Do not merge before somebody who knows the hosts has explained the rows.'
  },
  acceptance: {
    means: 'An acceptance that expired or matches nothing.',
    advice: 'Renew or remove it.'
  }
}

function claimOf({ verdict, kind }: Finding): Claim {
  return verdict ?? kind
}

/** What is claimed, and about which query: the same run after run as long as the claim is. */
export function ruleIdOf(finding: Finding): string {
  const query = finding.rows[0]?.query
  return query === undefined ? claimOf(finding) : `${claimOf(finding)}/${escapePlain(query, 64)}`
}

/** The rules of these findings, in their order. A rule is as severe as its worst finding. */
export function rulesOf(findings: readonly Finding[]): ReportingDescriptor[] {
  return [...Map.groupBy(findings, ruleIdOf)].map(([id, alike]): ReportingDescriptor => {
    const [first] = alike
    const claim = first === undefined ? 'deviation' : claimOf(first)
    const { means, advice } = CLAIMS[claim]
    const query = first?.rows[0]?.query
    const about = query === undefined ? '' : ` The query is ${escapePlain(query, 64)}.`
    const title = `${claim.replace('-', ' ')}${query === undefined ? '' : ` in ${escapePlain(query, 64)}`}`
    const worst = SEVERITIES.find(severity => alike.some(finding => finding.severity === severity)) ?? 'info'
    const techniques = [...new Set(alike.flatMap(finding => finding.attack))].filter(isTechnique).sort()
    const links = techniques.map(
      id => `[${id}](https://attack.mitre.org/techniques/${id.replace('.', '/')}/)`
    )
    return {
      id,
      name: claim,
      shortDescription: { text: title.charAt(0).toUpperCase() + title.slice(1) },
      fullDescription: { text: `${means}${about}` },
      help: {
        text: `${means}${about}\n\n${advice}${techniques.length > 0 ? `\n\nATT&CK: ${techniques.join(', ')}` : ''}`,
        markdown: `${means}\n\n**What to do.** ${advice}${links.length > 0 ? `\n\nATT&CK: ${links.join(', ')}` : ''}`
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

/** A pack may call anything a technique. */
function isTechnique(id: string): boolean {
  return /^T\d{4}(?:\.\d{3})?$/.test(id)
}
