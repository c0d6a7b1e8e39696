import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { SsmRequest } from '../../src/collect/ssm/session.ts'
import { collect, FILTER, hosts, query } from '../support/ssm-collection.ts'

interface Statement {
  readonly Action: string | string[]
  readonly Resource: string | string[]
}

const listOf = (value: string | string[]) => [value].flat()

/** The statements of the permissions policies in a page, without trust policies and policies for S3. */
function permissionsIn(page: string): Statement[][] {
  const text = readFileSync(join(import.meta.dirname, '..', '..', page), 'utf8')
  const blocks = [...text.matchAll(/```(?:json|yaml)\n([\s\S]*?)```/g)].map(match => match[1]!)
  const policies = blocks.map(block => block.slice(Math.max(0, block.indexOf('{'))))
  return policies
    .filter(policy => policy.includes('ssm:SendCommand'))
    .map(policy => (JSON.parse(policy) as { Statement: Statement[] }).Statement)
}

/** The actions and documents of a run on a group of Linux and Windows hosts that are canceled, dropped or chunked. */
async function calledIn(more: Partial<SsmRequest>) {
  const fleet = hosts(80, at => ({ windows: at === 0, ...(at === 1 ? { endsAt: 1e9 } : {}) }))
  const { calls } = await collect(fleet, { targets: FILTER, ...more, simulation: { agents: true } })
  return {
    actions: new Set(calls.map(({ action }) => `ssm:${action}`)),
    documents: new Set(calls.flatMap(({ input }) => input.DocumentName ?? []).map(String))
  }
}

const matches = (pattern: string, text: string) =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text)

test.each(['README.md', 'docs/credentials.md'])(
  'the policies in %s allow every action that is called, and every document that is sent',
  async page => {
    const { actions, documents } = await calledIn({ queries: [query('everywhere', [])] })
    expect([...documents].sort()).toEqual(['AWS-RunPowerShellScript', 'AWS-RunShellScript'])
    expect(actions).toContain('ssm:CancelCommand')
    const policies = permissionsIn(page)
    expect(policies.length).toBeGreaterThan(0)
    for (const statements of policies) {
      const allowed = statements.flatMap(({ Action }) => listOf(Action))
      for (const action of actions)
        expect([action, allowed.some(pattern => matches(pattern, action))]).toEqual([action, true])
      const resources = statements.flatMap(({ Resource }) => listOf(Resource))
      for (const document of documents) {
        const arn = `arn:aws:ssm:eu-west-1::document/${document}`
        const isNamed = resources.some(pattern => pattern !== '*' && matches(pattern, arn))
        expect([document, isNamed]).toEqual([document, true])
      }
    }
  }
)
