import { describe, expect, test } from '@jest/globals'
import { patternKey } from '../../src/indicators/indicator.ts'
import { indicatorsIn } from '../support/indicators.ts'

const SHA256 = '2388ed7aee0b6b392778e8f9e98871c06499f476c9e7eae6ca0916f827fe65df'
const SHA1 = '1ba5a2e2a1a8d2c6a2f2c2f6d1b6c5a4e3f2d1c0'
const MD5 = '9e107d9d372bb6826bd81d3542a419d6'

/** Kinds and patterns, in the order of the text. */
async function read(text: string, files: Readonly<Record<string, string>> = {}): Promise<string[]> {
  return (await indicatorsIn(text, files)).map(({ pattern }) => `${pattern.kind} ${patternKey(pattern)}`)
}
const address = (...bytes: number[]) => `address ip:${bytes.join('.')}/32`
const network = (bits: number, ...bytes: number[]) => `network ip:${bytes.join('.')}/${bits}`

describe('a line of a published list is understood', () => {
  test.each([
    ['an address made harmless, with a note', '11[.]2[.]3[.]45\tC2', [address(11, 2, 3, 45)]],
    ['(dot)', '11(dot)2(dot)3(dot)45', [address(11, 2, 3, 45)]],
    ['an address with its port', '11.2.3.45:443', [address(11, 2, 3, 45)]],
    ['a network', '11.2.3.0/24', [network(24, 11, 2, 3, 0)]],
    ['a network with a note', '11.2.3.0/24 ; SBL1', [network(24, 11, 2, 3, 0)]],
    ['a word with a note', 'nginx # seen in the wild', ['text text:nginx']],
    ['a digest in a row of CSV', `${SHA256},file,a sample`, [`sha256 sha256:${SHA256}`]],
    ['output of sha1sum', `${SHA1}  /tmp/x`, [`sha1 sha1:${SHA1}`]],
    [
      'all digests of a row',
      `${MD5},${SHA1},${SHA256},x.bin`,
      [`md5 md5:${MD5}`, `sha1 sha1:${SHA1}`, `sha256 sha256:${SHA256}`]
    ],
    ['quoted cells', `"2026-01-01","${SHA256}","a, b"`, [`sha256 sha256:${SHA256}`]],
    ['a domain made harmless', 'evil[.]example[.]com', ['domain domain:evil.example.com']],
    ['a URL made harmless', 'hxxps://evil[.]example/x.sh', ['url text:evil.example/x.sh']],
    ['a URL without a path', 'hxxp://evil[.]example/', ['domain domain:evil.example']],
    ['a line of a hosts file', '0.0.0.0 evil.example', ['domain domain:evil.example']],
    ['a name of a file, which is not a domain', 'kworker.service', ['text text:kworker.service']],
    [
      'a value of a column, to the end of the line',
      'crontab.command=a # b, c',
      ['column crontab.command=a # b, c']
    ],
    ['an expression', '/kinsing|xmrig/', ['regex /kinsing|xmrig/']],
    ['an IPv6 network', '2001:db8::/32', [`network ip:32.1.13.184${'.0'.repeat(12)}/32`]],
    ['comments', '# today\n; Spamhaus\n// x', []],
    ['an email address, which no row shows', 'a[@]evil[.]example', ['other email address:a@evil.example']]
  ])('%s', async (_name, line, wanted) => {
    expect(await read(line)).toEqual(wanted)
  })

  test('a header says which cells are indicators', async () => {
    const csv =
      'value,type,reference\nevil.example,domain,https://blog.example/a\n"bad.bin",filename,https://blog.example/a\n'
    expect(await read('iocs.csv', { 'iocs.csv': csv })).toEqual([
      'domain domain:evil.example',
      'text text:bad.bin'
    ])
  })

  test('a header in a comment counts too', async () => {
    const csv = `# first_seen,sha256_hash,file_name\n"2026-01-01","${SHA256}","a.elf"`
    expect(await read('list.csv', { 'list.csv': csv })).toEqual([
      `sha256 sha256:${SHA256}`,
      'text text:a.elf'
    ])
  })
})

describe('a line that is not understood is refused with its number', () => {
  test.each([
    ['diamorphine\nab', 'line 2: "ab": a literal needs at least 3 characters'],
    ['/(?<=a)b/', 'line 1: "/(?<=a)b/": not a regular expression'],
    ['sha256:123', 'line 1: "sha256:123": a SHA-256 has 64 hex digits'],
    ['ip:300.1.1.1', 'ip: must be an address'],
    ['{"type":"report"}', 'JSON without an indicator']
  ])('%s', async (text, problem) => {
    await expect(read(text)).rejects.toThrow(problem)
  })

  test('a row of a CSV file without an indicator names the file', async () => {
    const files = { 'iocs.csv': `${SHA256},x\nonly,words` }
    await expect(read('iocs.csv', files)).rejects.toThrow('iocs.csv, line 2: "only,words": none of its cells')
  })

  test('all problems are reported, up to twenty', async () => {
    const lines = Array.from({ length: 30 }, (_, at) => `a${at % 10}`).join('\n')
    await expect(read(lines)).rejects.toThrow(/line 20: .*; 10 more lines are not understood$/)
  })
})

describe('files and lines mix', () => {
  const files = { 'a.txt': 'diamorphine', 'lists/b': '# b\nxmrig', 'c.csv': `sha256,note\n${SHA256},x` }

  test('in any number', async () => {
    expect(await read('a.txt\nkinsing\nlists/b\nc.csv', files)).toEqual([
      'text text:diamorphine',
      'text text:xmrig',
      `sha256 sha256:${SHA256}`,
      'text text:kinsing'
    ])
  })

  test('a list that cannot be read is an error, whatever is next to it', async () => {
    await expect(read('a.txt\ngone.csv', files)).rejects.toThrow('the file gone.csv cannot be read')
  })

  test('each indicator counts once, however it is written', async () => {
    expect(await read('11.2.3.45\n11[.]2[.]3[.]45\nip:11.2.3.45')).toEqual([address(11, 2, 3, 45)])
  })
})

const BUNDLE = {
  type: 'bundle',
  id: 'bundle--1',
  objects: [
    {
      type: 'indicator',
      pattern_type: 'stix',
      pattern: `[file:hashes.'SHA-256' = '${SHA256}' OR file:hashes.MD5 = '${MD5}']`
    },
    {
      type: 'indicator',
      pattern_type: 'stix',
      pattern: "[ipv4-addr:value = '11.2.3.0/24'] OR [domain-name:value = 'evil.example']"
    },
    {
      type: 'indicator',
      pattern_type: 'stix',
      pattern: `[file:name = 'a.bin' AND file:hashes.'SHA-1' = '${SHA1}']`
    },
    { type: 'indicator', pattern_type: 'stix', pattern: "[email-addr:value = 'a@evil.example']" },
    { type: 'indicator', pattern_type: 'yara', pattern: 'rule x { condition: true }' },
    {
      type: 'indicator',
      pattern_type: 'stix',
      pattern: "[url:value = 'http://old.example/a']",
      revoked: true
    },
    { type: 'malware', name: 'x' }
  ]
}
const BUNDLE_PATTERNS = [
  `sha256 sha256:${SHA256}`,
  `md5 md5:${MD5}`,
  network(24, 11, 2, 3, 0),
  'domain domain:evil.example',
  `sha1 sha1:${SHA1}`,
  'other email-addr:a@evil.example',
  'other yara rule:rule x { condition: true }'
]

describe('documents', () => {
  test('a STIX bundle', async () => {
    expect(await read('x.json', { 'x.json': JSON.stringify(BUNDLE, null, 2) })).toEqual(BUNDLE_PATTERNS)
  })

  test('a STIX bundle without indicators is read for its observables', async () => {
    const objects = [
      { type: 'ipv4-addr', value: '11.2.3.45' },
      { type: 'file', hashes: { MD5, 'SHA-256': SHA256 } }
    ]
    expect(await read(JSON.stringify({ type: 'bundle', objects }))).toEqual([
      address(11, 2, 3, 45),
      `md5 md5:${MD5}`,
      `sha256 sha256:${SHA256}`
    ])
  })

  test('a MISP event with objects and context', async () => {
    const Event = {
      Attribute: [
        { type: 'ip-dst|port', value: '11.2.3.45|443', to_ids: true },
        { type: 'link', value: 'https://blog.example/a', to_ids: false },
        { type: 'filename|sha256', value: `a.bin|${SHA256}`, to_ids: true }
      ],
      Object: [
        {
          Attribute: [
            { type: 'domain', value: 'evil.example', to_ids: true },
            { type: 'mutex', value: 'm', to_ids: true }
          ]
        }
      ]
    }
    expect(await read(JSON.stringify({ Event }))).toEqual([
      address(11, 2, 3, 45),
      `sha256 sha256:${SHA256}`,
      'domain domain:evil.example',
      'other mutex:m'
    ])
  })

  test('a pasted report: text made harmless, with a STIX bundle in its middle', async () => {
    const text = `indicator,type\nxmr[.]example,domain\n${JSON.stringify(BUNDLE, null, 2)}\nkinsing\n`
    expect(await read(text)).toEqual(['domain domain:xmr.example', ...BUNDLE_PATTERNS, 'text text:kinsing'])
  })
})
