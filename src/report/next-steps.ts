import { count, list, plural } from '../text/phrases.ts'
import type { Finding, Report } from './report.ts'
import { atLeast, nonCoverageFindings, openFindings } from './summarize.ts'

/** Runs of numbers that are listed, such as `1 to 4`. */
const MAX_RUNS = 6

interface Numbered {
  readonly finding: Finding
  /** Its number in every report, from 1. */
  readonly number: number
}

/**
 * What to do about a report, the most urgent first; empty where there is nothing to do. The sentences are made of our own
 * words and numbers: no host can speak here.
 */
export function nextSteps(report: Report): string[] {
  const urgent = nonCoverageFindings(report.findings)
    .map((finding, index): Numbered => ({ finding, number: index + 1 }))
    .filter(({ finding }) => atLeast(finding.severity, 'medium') || finding.kind === 'acceptance')
  const found = Map.groupBy(urgent, ({ finding }) => stepOf(finding))
  const steps = STEPS.flatMap(([step, sentence]) => {
    const findings = found.get(step)
    return findings === undefined ? [] : [sentence(numbersOf(findings), findings)]
  })
  return [...steps, ...unusableSteps(report), ...assessmentSteps(report)]
}

/** In the order of urgency. @param which such as `Findings 1 to 4` */
type Sentence = (which: string, found: readonly Numbered[]) => string

const STEPS = [
  ['block', which => `${which}: do not merge until this is explained.`],
  ['contain', containment],
  [
    'restore-control',
    which => `${which}: find out why the protection or the answer is missing, then restore it.`
  ],
  ['restore', which => `${which}: restore what is missing, or find out why it was removed.`],
  [
    'confirm-deployment',
    which =>
      `${which}: if you made this deployment, update the baseline. If not, treat it as a compromise of many hosts.`
  ],
  ['renew', which => `${which}: renew the acceptance in the baseline, or remove it.`],
  ['ask', which => `${which}: ask who made the change. A baseline can accept what is legitimate.`]
] as const satisfies readonly (readonly [string, Sentence])[]

type Step = (typeof STEPS)[number][0]

function stepOf({ kind, verdict, severity }: Finding): Step {
  if (kind === 'poisoning') return 'block'
  if (kind === 'acceptance') return 'renew'
  if (verdict === 'broken-control') return 'restore-control'
  if (verdict === 'missing') return 'restore'
  if (verdict === 'rollout') return 'confirm-deployment'
  return atLeast(severity, 'high') ? 'contain' : 'ask'
}

function containment(which: string, found: readonly Numbered[]): string {
  const hosts = new Set(found.flatMap(({ finding }) => finding.hosts)).size
  const them = plural(hosts, 'it', 'them')
  const treat = `treat ${plural(hosts, 'the host', `the ${count(hosts, 'host')}`)} as compromised until explained`
  return `${which}: ${treat}. Isolate ${them}, but keep ${them} running, because memory is evidence. Then search the other hosts for the indicators of each finding.`
}

/** Whoever stops or forges the collector leaves a host that was reached and gave no usable answer. */
function unusableSteps({ findings }: Report): string[] {
  const unusable = openFindings(findings).filter(
    ({ kind, severity }) => (kind === 'silent' || kind === 'partial') && atLeast(severity, 'high')
  )
  const { size } = new Set(unusable.flatMap(({ hosts }) => hosts))
  if (size === 0) return []
  const who = `${count(size, 'host')} ${plural(size, 'was', 'were')} reached and gave no usable answer`
  return [
    `${who}: look at ${plural(size, 'it', 'them')} first. Somebody may have stopped or replaced the collector.`
  ]
}

/** What to do about hosts that are not known to be clean. */
function assessmentSteps({ summary, inventory }: Report): string[] {
  const { hosts, reported, partial, silent } = summary
  const notFound = hosts - reported - partial - silent
  const states = [
    silent > 0 ? count(silent, 'silent host') : '',
    partial > 0 ? count(partial, 'partial host') : '',
    notFound > 0
      ? `${count(notFound, 'expected host')} that ${plural(notFound, 'was', 'were')} not found`
      : ''
  ].filter(state => state !== '')
  const unassessed = hosts - reported
  return [
    ...(unassessed > 0
      ? [
          `${list(states)}: not known to be clean. Fix ${plural(unassessed, 'the reason', 'the reasons')} under "Not fully assessed", then run again.`
        ]
      : []),
    ...(inventory === undefined ? [] : ['Read the inventory, then learn a baseline from it.'])
  ]
}

/** `Finding 5`, `Findings 1 to 4 and 6`. */
function numbersOf(found: readonly Numbered[]): string {
  const runs: [number, number][] = []
  for (const { number } of found) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else runs.push([number, number])
  }
  const words = runs.flatMap(([from, to]) =>
    to - from > 1 ? [`${from} to ${to}`] : to > from ? [`${from}`, `${to}`] : [`${from}`]
  )
  return `${plural(found.length, 'Finding', 'Findings')} ${list(words, MAX_RUNS)}`
}
