import { describe, expect, test } from '@jest/globals'
import { patternKey } from '../../src/indicators/indicator.ts'
import { indicatorsIn } from '../support/indicators.ts'

const SHA256 = '2388ed7aee0b6b392778e8f9e98871c06499f476c9e7eae6ca0916f827fe65df'
const MD5 = '9e107d9d372bb6826bd81d3542a419d6'

const read = async (...objects: object[]) =>
  (await indicatorsIn(JSON.stringify({ type: 'bundle', objects }))).map(({ pattern }) => patternKey(pattern))
const indicator = (pattern: string) => ({ type: 'indicator', pattern_type: 'stix', pattern })
const A = "[domain-name:value = 'a.example']"
const B = "[ipv4-addr:value = '203.0.113.8']"
const [FOUND_A, FOUND_B] = ['domain:a.example', 'ip:203.0.113.8/32']

describe('a pattern is searched for', () => {
  test.each([
    [
      'observations that must follow each other',
      `${A} FOLLOWEDBY ${B} WITHIN 300 SECONDS`,
      [FOUND_A, FOUND_B]
    ],
    [
      'observations that must all be there',
      `(${A} OR [domain-name:value = 'b.example']) AND ${B}`,
      [FOUND_A, 'domain:b.example', FOUND_B]
    ],
    [
      'alternatives within an observation',
      "[ipv4-addr:value = '203.0.113.8' AND (domain-name:value = 'a.example' OR domain-name:value = 'b.example')]",
      [FOUND_B, FOUND_A, 'domain:b.example']
    ],
    ['a list', "[ipv4-addr:value IN ('203.0.113.8', '203.0.113.9')]", [FOUND_B, 'ip:203.0.113.9/32']],
    ['a network', "[ipv4-addr:value ISSUBSET '203.0.113.0/24']", ['ip:203.0.113.0/24']],
    ['any text around', "[process:command_line LIKE '%kinsing%']", ['text:kinsing']],
    ['any text between', "[process:command_line LIKE '%curl%| sh']", ['/curl.*\\| sh/']],
    ['names below a domain', "[domain-name:value LIKE '%.a.example']", [FOUND_A]],
    [
      'an expression, whose edges are those of a word',
      "[file:name MATCHES '^evil[0-9]\\\\.sh$']",
      ['/(?:^|[^\\w.-])evil[0-9]\\.sh(?:$|[^\\w.-])/']
    ],
    ['a digest with another quote', `[file:hashes."SHA-256" = '${SHA256}']`, [`sha256:${SHA256}`]],
    [
      'all digests of a file',
      `[file:hashes.MD5 = '${MD5}' AND file:hashes.'SHA-256' = '${SHA256}' AND file:name = 'x.sh']`,
      [`md5:${MD5}`, `sha256:${SHA256}`]
    ],
    ['the digest of a program', `[process:image_ref.hashes.'SHA-256' = '${SHA256}']`, [`sha256:${SHA256}`]],
    [
      'a file in its folder',
      "[file:parent_directory_ref.path = '/tmp/' AND file:name = 'x']",
      ['text:/tmp/x']
    ],
    ['a user', "[user-account:account_login = 'eve']", ['users.username=eve']],
    [
      'what is there, if it also says what is not',
      "[file:name = 'kinsing' AND file:size != 5]",
      ['text:kinsing']
    ],
    [
      'a text with the words of the language',
      "[url:value = 'http://a.example/x OR [y] AND z']",
      ['text:a.example/x or [y] and z']
    ]
  ])('%s', async (_name, pattern, found) => {
    expect(await read(indicator(pattern))).toEqual(found)
  })

  test.each([
    ['[file:size > 100]', 'file size'],
    ['[process:pid = 5]', 'process pid'],
    ['[EXISTS windows-registry-key:values]', 'windows-registry-key values'],
    ["[email-addr:value = 'a@a.example']", 'email-addr']
  ])('or is listed as nothing that osquery shows: %s', async (pattern, type) => {
    const [found] = await indicatorsIn(JSON.stringify({ type: 'bundle', objects: [indicator(pattern)] }))
    expect(found?.pattern).toMatchObject({ kind: 'other', type })
  })
})

test.each([
  ["[NOT ipv4-addr:value = '203.0.113.8']", 'only says what is not there'],
  ["[ipv4-addr:value != '203.0.113.8']", 'only says what is not there'],
  ["[ipv4-addr:value NOT IN ('203.0.113.8')]", 'only says what is not there'],
  ["[ipv4-addr:value ISSUPERSET '203.0.113.8']", 'ISSUPERSET is not understood'],
  ["[ipv4-addr:value CONTAINS '203.0.113.8']", 'CONTAINS is not understood'],
  ["[file:name = 'x.sh'", '] is missing'],
  ['a word', 'not a STIX pattern'],
  ["[file:name = 'x''y']", 'not a STIX pattern'],
  ["[file:name MATCHES '(?=x)']", 'not a regular expression that RE2 understands']
])('a pattern is refused: %s', async (pattern, problem) => {
  await expect(read(indicator(pattern))).rejects.toThrow(problem)
})

test('observables beside indicators count if they are addresses, names or digests', async () => {
  const found = await read(
    indicator(A),
    { type: 'ipv4-addr', value: '203.0.113.8' },
    { type: 'directory', path: '/tmp' },
    { type: 'observed-data', objects: { '0': { type: 'file', name: 'bash', hashes: { MD5 } } } }
  )
  expect(found).toEqual([FOUND_A, FOUND_B, `md5:${MD5}`])
})

test('a Sigma rule in a bundle is a rule', async () => {
  const pattern =
    'title: t\nlogsource:\n  category: process_creation\ndetection:\n  s:\n    Image: /a\n  condition: s\n'
  expect(await read({ type: 'indicator', pattern_type: 'sigma', pattern })).toEqual(['sigma:t'])
})
