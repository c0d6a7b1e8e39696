import { describe, expect, test } from '@jest/globals'
import { patternKey } from '../../src/indicators/indicator.ts'
import { indicatorsIn } from '../support/indicators.ts'

const SHA256 = '2388ed7aee0b6b392778e8f9e98871c06499f476c9e7eae6ca0916f827fe65df'
const MD5 = '9e107d9d372bb6826bd81d3542a419d6'
const [IP, DOMAIN] = ['ip:203.0.113.7/32', 'domain:evil.example']

const read = async (text: string, file = 'list.txt') =>
  (await indicatorsIn(file, { [file]: text })).map(({ pattern }) => patternKey(pattern))

describe('what a report made harmless or decorated is read as what it was', () => {
  test.each([
    ['evil dot example', DOMAIN],
    ['evil[.]example[.]', DOMAIN],
    ['evil\\.example', DOMAIN],
    ['evil.[example]', DOMAIN],
    ['*.evil.example', DOMAIN],
    ['.evil.example', DOMAIN],
    ['evil.example.', DOMAIN],
    ['- evil[.]example', DOMAIN],
    ['• evil.example', DOMAIN],
    ['12) evil.example', DOMAIN],
    ['`evil.example`', DOMAIN],
    ['<evil.example>', DOMAIN],
    ['C2: evil.example', DOMAIN],
    ['Domain – evil.example', DOMAIN],
    ['evil.example (C2 server)', DOMAIN],
    ['203.0.113.7 - C2', IP],
    [`MD5 (x.sh) = ${MD5}`, `md5:${MD5}`],
    [`SHA-256 ${SHA256}`, `sha256:${SHA256}`],
    ['- kdevtmpfsi', 'text:kdevtmpfsi'],
    ['/kinsing|xmrig/i', '/kinsing|xmrig/'],
    ['//evil.example/x', 'text://evil.example/x'],
    ['пример.рф', 'domain:xn--e1afmkfd.xn--p1ai']
  ])('%s', async (line, found) => {
    expect(await read(`${line}\n`)).toEqual([found])
  })
})

test('of a sentence, what was made harmless counts, and digests', async () => {
  const text = `The implant beacons to evil[.]example, then 203[.]0[.]113[.]7 over TCP/443.\nIt is ${SHA256} (SHA-256).`
  expect(await read(text)).toEqual([DOMAIN, IP, `sha256:${SHA256}`])
})

describe('a list as it is published', () => {
  test.each([
    [
      'a row without a header: every cell that is one',
      'l.csv',
      '2026-01-01,evil[.]example,203.0.113.7,https://ref.example/x',
      [DOMAIN, IP]
    ],
    [
      'AlienVault, whose types say what osquery does not show',
      'l.csv',
      `Indicator type,Indicator,Description\nIPv4,203.0.113.7,\nFileHash-MD5,${MD5},\nFileHash-IMPHASH,${MD5},\nYARA,0123,`,
      [IP, `md5:${MD5}`, `FileHash-IMPHASH:${MD5}`, 'YARA:0123']
    ],
    [
      'an export of MISP',
      'l.csv',
      `uuid,type,value,to_ids\n1,filename|md5,x.sh|${MD5},1\n2,domain,good.example,0\n3,ip-dst,203.0.113.7,1`,
      [`md5:${MD5}`, IP]
    ],
    ['a table of Markdown', 'l.txt', '| Type | Indicator |\n|---|---|\n| IP | 203[.]0[.]113[.]7 |', [IP]],
    [
      'a hosts file, whose own addresses are none',
      'l.txt',
      '127.0.0.1 localhost\n::1 localhost ip6-localhost\n0.0.0.0 evil.example other.example',
      [DOMAIN, 'domain:other.example']
    ],
    ['JSON of texts', 'l.json', '["203.0.113.7","evil.example"]', [IP, DOMAIN]],
    [
      'JSON of ThreatFox',
      'l.json',
      '{"1":[{"ioc_value":"203.0.113.7:443","ioc_type":"ip:port","reference":"https://x.example"}]}',
      [IP]
    ],
    [
      'a list of MISP',
      'l.json',
      '{"name":"n","type":"cidr","list":["203.0.113.0/24"]}',
      ['ip:203.0.113.0/24']
    ],
    ['JSON, one per line', 'l.json', '{"ioc":"203.0.113.7"}\n{"ioc":"evil.example"}', [IP, DOMAIN]],
    [
      'rules of a network sensor',
      'l.txt',
      'alert tcp any any -> 203.0.113.7 443 (msg:"x"; sid:1;)',
      ['network rule:alert tcp any any -> 203.0.113.7 443 (msg:"x"; sid:1;)']
    ]
  ])('%s', async (_name, file, text, found) => {
    expect(await read(text, file)).toEqual(found)
  })

  test.each([
    [
      'OpenIOC',
      '<?xml version="1.0"?>\n<ioc></ioc>',
      /line 1: .*XML, such as OpenIOC or STIX 1, is not read/
    ],
    ['YARA', '\nrule x {\n strings:\n  $a = "evil"\n condition:\n  $a\n}', /YARA rules are not read/],
    ['a range', '203.0.113.1-203.0.113.9', /a range of addresses; write it as networks/],
    ['no address', '203.0.113.7/33', /line 1: .*not an address/],
    [
      'JSON without any',
      '{"a":1}\n{"b":2}',
      /line 1: .*line 2: .*neither a STIX bundle, nor a MISP event, nor a list/
    ],
    [
      'a MISP event without any',
      '{"Event":{"Attribute":[{"type":"ip-dst","value":"203.0.113.7","to_ids":false}]}}',
      /no attribute of it is for detection/
    ]
  ])('%s is refused by what it is', async (_name, text, problem) => {
    await expect(read(text)).rejects.toThrow(problem)
  })
})

test('a MISP event may have samples, keys of the registry and rules', async () => {
  const attribute = (type: string, value: string) => ({ type, value, to_ids: true })
  const Attribute = [
    attribute('malware-sample', `x.sh|${MD5}`),
    attribute('regkey|value', 'HKLM\\Software\\x|1'),
    attribute('x509-fingerprint-sha256', SHA256),
    attribute('mutex', 'm')
  ]
  expect(await read(JSON.stringify({ Event: { Attribute } }), 'event.json')).toEqual([
    `md5:${MD5}`,
    'text:hklm\\software\\x',
    `sha256:${SHA256}`,
    'mutex:m'
  ])
})
