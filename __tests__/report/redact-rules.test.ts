import { beforeAll, expect, test } from '@jest/globals'
import { lintSource } from '@secretlint/core'
import { creator } from '@secretlint/secretlint-rule-preset-recommend'
import { redactText } from '../../src/text/secrets.ts'

// Made from parts and a fixed pseudo-random sequence, so that no scanner takes this file for a leak.
let state = 7
const next = () => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return state / 2 ** 32
}
const some = (many: number, from = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'): string =>
  Array.from({ length: many }, () => from[Math.floor(next() * from.length)]).join('')
const hex = (many: number) => some(many, '0123456789abcdef')
const upper = (many: number) => some(many, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')
const letters = (many: number) => some(many, 'abcdefghijklmnopqrstuvwxyzABCDEFGH')

const SECRETS: Readonly<Record<string, string>> = {
  'AWS secret key': `AWS_SECRET_ACCESS_KEY=${some(40)}`,
  'GitHub token': `ghp_${some(36)}`,
  'GitHub fine-grained token': `github_pat_${some(82)}`,
  'GitHub token as a user': `https://${hex(40)}:x-oauth-basic@github.com/acme/app`,
  'GitLab token': `glpat-${some(20)}`,
  'Slack token': `xoxb-${some(11, '123456789')}-${some(12, '123456789')}-${some(24)}`,
  'Slack app token': `xapp-1-${upper(10)}-${some(12, '123456789')}-${hex(40)}`,
  'Slack webhook': `https://hooks.slack.com/services/T${upper(8)}/B${upper(8)}/${some(24)}`,
  'npm token': `npm_${some(36)}`,
  'basic authentication': `https://deploy:${some(16)}@files.acme.io/x`,
  'OpenAI key': `sk-${some(20)}T3BlbkFJ${some(20)}`,
  'OpenAI project key': `sk-proj-${some(74)}T3BlbkFJ${some(74)}`,
  'Anthropic key': `sk-ant-api03-${some(93)}AA`,
  'Groq key': `gsk_${some(52)}`,
  'Hugging Face token': `hf_${letters(34)}`,
  'Linear key': `lin_api_${some(40)}`,
  'Notion token': `ntn_${some(11, '0123456789')}${some(35)}`,
  'SendGrid key': `SG.${some(22)}.${some(43)}`,
  'Shopify token': `shpat_${hex(32)}`,
  'Grafana token': `glsa_${some(32)}_${hex(8)}`,
  'Grafana cloud token': `glc_${some(60)}`,
  'Vault token': `hvs.${some(95)}`,
  'Vercel token': `vcp_${some(24)}`,
  'Databricks token': `dapi${hex(32)}`,
  'Docker token': `dckr_pat_${some(27)}`,
  'Figma token': `figd_${some(40)}`,
  'MongoDB password': `mongodb+srv://app:${some(16)}@db.acme.io/shop`,
  'MySQL password': `mysql://app:${some(16)}@db.acme.io:3306/shop`,
  'PostgreSQL password': `postgres://app:${some(16)}@db.acme.io/shop`
}

/** What the recommended rules of secretlint find in a text. */
async function found(content: string): Promise<string[]> {
  const { messages } = await lintSource({
    source: { content, filePath: '/x', ext: '', contentType: 'text' },
    options: {
      config: { rules: [{ id: 'recommended', rule: creator as never, options: {} }] } as never,
      noPhysicFilePath: true
    }
  })
  return messages.map(({ message }) => message)
}

let known: Record<string, string[]>
beforeAll(async () => {
  known = {}
  for (const [kind, text] of Object.entries(SECRETS)) known[kind] = await found(`run ${text} now`)
})

test.each(Object.entries(SECRETS))('a secret that secretlint finds is redacted: %s', async (kind, secret) => {
  expect([kind, known[kind]!.length > 0]).toEqual([kind, true])
  const { text, count } = redactText(`run ${secret} now`)
  expect(count).toBeGreaterThan(0)
  expect(text).toMatch(/^run .*\[redacted: [^\]]+\].* now$/s)
  expect(await found(text)).toEqual([])
  expect(redactText(text)).toEqual({ text, count: 0 })
})

test.each([
  `AKIA${upper(16)}`,
  `//registry.example/:_authToken=${hex(8)}-${hex(4)}-${hex(4)}-${hex(12)}`,
  `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${some(64)}\n${some(64)}\n-----END RSA PRIVATE KEY-----`,
  `-----BEGIN PGP ${'PRIVATE'} KEY BLOCK-----\n${some(64)}\n${some(64)}\n-----END PGP PRIVATE KEY BLOCK-----`,
  `pypi-AgEIcHlwaS5vcmc${some(60)}`,
  `dop_v1_${hex(64)}`,
  `AGE-SECRET-KEY-1${upper(58)}`,
  `glrt-${some(20)}`
])('a secret that secretlint does not find is redacted too: %#', secret => {
  expect(redactText(`run ${secret} now`).text).toMatch(/^run (?:\S+=)?\[redacted: [^\]]+\] now$/)
})
