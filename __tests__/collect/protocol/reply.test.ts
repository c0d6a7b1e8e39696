import { gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openFrame, unpack } from '../../../src/collect/protocol/frame.ts'
import { openPacked, openReply, type Reply } from '../../../src/collect/protocol/reply.ts'
import { cpuMilliseconds } from '../../support/cpu-time.ts'
import { body, frame, type Part, printed, reply, sha256 } from '../../support/replies.ts'

const NONCE = '00ff00ff00ff00ff00ff00ff'
const HOST = 'i-0123456789abcdef0'
const request = (...queries: string[]) => ({ nonce: NONCE, host: HOST, queries })
const open = (...parts: Part[]): Reply =>
  openReply(reply({ nonce: NONCE, host: HOST, parts }), request(...parts.map(part => part.name)))

function result(opened: Reply, name: string) {
  if (opened.kind !== 'answer') throw new Error(`not opened: ${JSON.stringify(opened)}`)
  return opened.queries[name]!
}

const problemOf = (opened: Reply) => (opened.kind === 'broken' ? opened.problem : `opened as ${opened.kind}`)

const FACTS: Part = {
  name: '_facts',
  rows: [
    {
      hostname: 'web-1.example',
      os: 'Debian GNU/Linux',
      os_version: '12 (bookworm)',
      arch: 'x86_64',
      osquery_version: '5.23.1'
    }
  ]
}
const ADDRESSES: Part = {
  name: '_addresses',
  rows: [
    { address: '10.0.0.7', mac: '02:00:00:00:00:0A' },
    { address: 'fe80::1%eth0', mac: '02:00:00:00:00:0A' }
  ]
}

test('a complete reply gives its rows and its facts', () => {
  const rows = [
    { path: '/usr/sbin/sshd', note: 'quotes " \\ \' and é' },
    { path: '', note: '' }
  ]
  const opened = open(FACTS, ADDRESSES, { name: 'users', rows })
  expect(result(opened, 'users')).toEqual({ status: 'ok', detail: null, rows })
  expect(opened.kind === 'answer' && opened.facts).toEqual({
    hostname: 'web-1.example',
    fqdn: 'web-1.example',
    addresses: ['10.0.0.7', 'fe80::1'],
    macs: ['02:00:00:00:00:0a'],
    machineId: 'a'.repeat(32),
    bootId: '01234567-89ab-cdef-0123-456789abcdef',
    os: 'Debian GNU/Linux',
    osVersion: '12 (bookworm)',
    arch: 'x86_64',
    osqueryVersion: '5.23.1',
    root: true
  })
})

test('facts that are not well-formed are left out', () => {
  const facts = {
    hostname: '<img src=x>',
    os: 'a\u202eb',
    os_version: 'x'.repeat(5_000),
    arch: '::add-mask::',
    osquery_version: ''
  }
  const addresses = [
    { address: '999.1.1.1', mac: 'zz:00' },
    { address: '/etc/passwd', mac: '../..' }
  ]
  const opened = open({ name: '_facts', rows: [facts] }, { name: '_addresses', rows: addresses })
  expect(opened.kind === 'answer' && opened.facts).toMatchObject({
    hostname: null,
    fqdn: null,
    addresses: [],
    macs: [],
    os: null,
    osVersion: null,
    arch: null,
    osqueryVersion: null
  })
})

test('no rows is an answer; an empty or broken result is not', () => {
  expect(result(open({ name: 'q', rows: [] }), 'q')).toEqual({ status: 'ok', detail: null, rows: [] })
  for (const raw of [
    '',
    '\n',
    'null',
    '{}',
    '"rows"',
    '[{"a":"1"}',
    '[1]',
    '[null]',
    '[["a"]]',
    '[{"a":{}}]',
    '[{"a":[]}]'
  ]) {
    expect(result(open({ name: 'q', raw }), 'q')).toMatchObject({ status: 'failed', rows: [] })
  }
})

test('numbers, booleans and null become text, as osquery itself would print them', () => {
  expect(result(open({ name: 'q', raw: '[{"a":1,"b":true,"c":null,"d":-0.5}]' }), 'q').rows).toEqual([
    { a: '1', b: 'true', c: '', d: '-0.5' }
  ])
})

test('a column named __proto__ is a plain column', () => {
  const rows = result(open({ name: 'q', raw: '[{"__proto__":"x","constructor":"y"}]' }), 'q').rows
  expect(Object.getPrototypeOf(rows[0])).toBe(null)
  expect(Object.entries(rows[0]!)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y']
  ])
})

test('invalid UTF-8 becomes U+FFFD', () => {
  const raw = Buffer.concat([Buffer.from('[\n  {"a":"x'), Buffer.from([0xff, 0xc3]), Buffer.from('"}\n]\n')])
  expect(result(open({ name: 'q', raw, count: 1 }), 'q').rows).toEqual([{ a: 'x\ufffd\ufffd' }])
})

test('a result with a wrong digest or row count gives no rows', () => {
  const rows = [{ a: '1' }, { a: '2' }]
  const opened = open(
    { name: 'bent', rows, digest: sha256('other') },
    { name: 'short', rows, count: 3 },
    { name: 'good', rows }
  )
  expect(result(opened, 'bent')).toEqual({
    status: 'truncated',
    detail: 'its rows do not match their digest',
    rows: []
  })
  expect(result(opened, 'short')).toEqual({ status: 'truncated', detail: '2 of 3 rows arrived', rows: [] })
  expect(result(opened, 'good').rows).toHaveLength(2)
})

test("a query's own failure is reported, in sanitized text", () => {
  const opened = open({
    name: 'q',
    status: 'failed',
    raw: '[{"a":"never read"}]',
    detail: 'Error: \u001b[31m\u202ebad\n'
  })
  expect(result(opened, 'q')).toEqual({ status: 'failed', detail: 'Error: ␛[31m\\u{202e}bad', rows: [] })
})

test('a query without a result has failed; a result that was not requested is ignored', () => {
  const opened = openReply(
    reply({ nonce: NONCE, host: HOST, parts: [{ name: 'extra', rows: [{ a: '1' }] }] }),
    request('q')
  )
  expect(opened).toMatchObject({
    kind: 'answer',
    queries: { q: { status: 'failed', detail: 'the host did not answer it' } }
  })
  expect(opened.kind === 'answer' && Object.keys(opened.queries)).toEqual(['q'])
})

test('a host without osquery is recognized', () => {
  expect(openReply(reply({ nonce: NONCE, host: HOST, osquery: 'none' }), request('q')).kind).toBe(
    'no-osquery'
  )
})

test('a host cannot answer as another one', () => {
  const other = reply({ nonce: NONCE, host: 'i-aaaaaaaaaaaaaaaaa', parts: [{ name: 'q', rows: [] }] })
  expect(problemOf(openReply(other, request('q')))).toEqual({
    code: 'other-host',
    claimed: 'i-aaaaaaaaaaaaaaaaa'
  })
  expect(
    openReply(reply({ nonce: NONCE, host: '', parts: [{ name: 'q', rows: [] }] }), request('q')).kind
  ).toBe('answer')
})

test('an answer to another run does not count', () => {
  const old = reply({ nonce: 'ffffffffffffffffffffffff', host: HOST, parts: [{ name: 'q', rows: [] }] })
  expect(problemOf(openReply(old, request('q')))).toEqual({ code: 'no-frame' })
  const both = old + reply({ nonce: NONCE, host: HOST, parts: [{ name: 'q', rows: [{ a: 'mine' }] }] })
  expect(result(openReply(both, request('q')), 'q').rows).toEqual([{ a: 'mine' }])
})

test('what the host prints around its answer does not matter', () => {
  const whole = reply({ nonce: NONCE, host: HOST, parts: [{ name: 'q', rows: [] }] })
  const noisy = `motd: welcome\n${whole}\n----------ERROR-------\nsh: warning`
  expect(openReply(noisy, request('q')).kind).toBe('answer')
})

test('the message of a script that could not run is reported', () => {
  expect(problemOf(openReply('fleet-drift: cannot make a temporary folder\n', request('q')))).toEqual({
    code: 'collector-error',
    message: 'cannot make a temporary folder'
  })
  expect(problemOf(openReply(' \n', request('q')))).toEqual({ code: 'empty-reply' })
})

test('a reply cut at any length gives no rows, and a cut by SSM is recognized', () => {
  const whole = reply({
    nonce: NONCE,
    host: HOST,
    parts: [FACTS, { name: 'q', rows: [{ a: '1' }, { a: '2' }] }]
  })
  const end = whole.indexOf(`FLEETDRIFT2-END ${NONCE}`) + `FLEETDRIFT2-END ${NONCE}`.length
  for (let length = 0; length < end; length++) {
    expect(openReply(whole.slice(0, length), request('q')).kind).toBe('broken')
  }
  expect(problemOf(openReply(`${whole.slice(0, 300)}--output truncated--`, request('q')))).toEqual({
    code: 'cut-by-ssm'
  })
})

test('a reply changed in any one character never gives other rows', () => {
  const whole = reply({ nonce: NONCE, host: HOST, parts: [{ name: 'q', rows: [{ a: '1' }] }] })
  const good = openReply(whole, request('q'))
  fc.assert(
    fc.property(fc.nat(whole.length - 2), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const bent = whole.slice(0, at) + String.fromCharCode(code) + whole.slice(at + 1)
      const opened = openReply(bent, request('q'))
      if (opened.kind !== 'broken') expect(opened).toEqual(good)
    })
  )
})

test('no text throws, and none is an answer by accident', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .string()
      .map(
        tail =>
          `FLEETDRIFT2 ${NONCE} ${tail.length} ${'0'.repeat(64)} 0 9 ${'0'.repeat(64)}\n${tail}\nFLEETDRIFT2-END ${NONCE}`
      )
  )
  fc.assert(fc.property(text, hostile => openReply(hostile, request('q')).kind === 'broken'))
})

test('no body in a valid frame throws, and rows count only with their digest', () => {
  const line = fc.oneof(
    fc.constantFrom(
      'end 0',
      'end 1',
      'host',
      `host ${HOST}`,
      'uid 0',
      'osquery none',
      'query',
      'query q ok 0 1 3 x -',
      'query __proto__ ok 0 0 0 x -'
    ),
    fc.string()
  )
  fc.assert(
    fc.property(fc.array(line), fc.uint8Array(), (lines, tail) => {
      const inner = Buffer.concat([Buffer.from(lines.map(text => `${text}\n`).join('')), tail])
      const opened = openReply(frame(NONCE, inner), request('q', '__proto__'))
      if (opened.kind === 'answer')
        for (const query of Object.values(opened.queries)) expect(query.status).not.toBe('ok')
    })
  )
})

test('a body that does not add up is broken as a whole', () => {
  const inner = body({ host: HOST, parts: [{ name: 'q', rows: [{ a: '1' }] }] })
  const as = (bytes: Buffer) => problemOf(openReply(frame(NONCE, bytes), request('q')))
  expect(as(Buffer.concat([inner, Buffer.from('more')]))).toEqual({ code: 'inconsistent-body' })
  expect(as(inner.subarray(0, -1))).toEqual({ code: 'inconsistent-body' })
  expect(as(Buffer.from(inner.toString().replace('end 1', 'end 2')))).toEqual({
    code: 'inconsistent-head'
  })
  expect(as(Buffer.alloc(0))).toEqual({ code: 'broken-head' })
  const twice = { name: 'q', rows: [{ a: '1' }] }
  expect(as(body({ host: HOST, parts: [twice, twice] }))).toEqual({ code: 'inconsistent-head' })
})

test('what a host may send is limited, and exceeding a limit is reported', () => {
  const as = (raw: string) => open({ name: 'q', raw })
  const bomb = Buffer.alloc(33 * 1024 * 1024)
  expect(problemOf(openPacked(gzipSync(bomb), sha256(bomb), request('q')))).toEqual({
    code: 'too-large',
    limit: 33_554_432
  })
  expect(problemOf(as(`[${'{},'.repeat(200_000)}{}]`))).toEqual({ code: 'too-many-rows', limit: 200_000 })
  expect(result(as('['.repeat(1_000_000)), 'q').detail).toBe('its rows are nested')
  expect(result(as(`[{${Array.from({ length: 600 }, (_, i) => `"c${i}":""`).join(',')}}]`), 'q').detail).toBe(
    'its rows have more than 512 columns'
  )
  const names = Array.from({ length: 600 }, (_, i) => `{"c${i}":"a:\\":"}`)
  expect(result(as(`[${names.join(',')}]`), 'q').detail).toBe('its rows have more than 512 columns')
  expect(result(as(`[${names.slice(0, 500).join(',')}]`), 'q').rows).toHaveLength(500)
  const head = Array.from({ length: 100 }, () => 'k v')
  expect(problemOf(openReply(frame(NONCE, body({ host: HOST, head })), request('q')))).toEqual({
    code: 'long-head'
  })
  const half = printed(Array.from({ length: 120_000 }, () => ({})))
  expect(problemOf(open({ name: 'a', raw: half }, { name: 'b', raw: half }))).toEqual({
    code: 'too-many-rows',
    limit: 200_000
  })
})

test('a chunk that was changed on the way is refused by itself, before the other chunks are read', () => {
  const sent = frame(NONCE, body({ host: HOST, parts: [FACTS] }))
  expect(openFrame(sent, NONCE)).toMatchObject({ index: 0 })
  const [head = '', payload = '', end = ''] = sent.split('\n')
  const other = payload.at(40) === 'A' ? 'B' : 'A'
  const changed = [head, payload.slice(0, 40) + other + payload.slice(41), end].join('\n')
  expect(openFrame(changed, NONCE)).toEqual({ problem: { code: 'wrong-digest' } })
})

test('chunks of two answers, put together, are refused', () => {
  const answer = (note: string) => body({ host: HOST, parts: [{ name: 'q', rows: [{ note }] }] })
  expect(unpack(gzipSync(answer('a')), sha256(answer('a')))).toEqual(answer('a'))
  expect(unpack(gzipSync(answer('b')), sha256(answer('a')))).toEqual({ problem: { code: 'wrong-digest' } })
})

test('one chunk of a longer answer is not taken for the answer', () => {
  const noise = Array.from({ length: 2_000 }, (_, at) => ({ a: sha256(`${at}`) }))
  const inner = body({ host: HOST, parts: [{ name: 'q', rows: noise }] })
  for (const index of [0, 1])
    expect(problemOf(openReply(frame(NONCE, inner, index), request('q')))).toEqual({ code: 'single-chunk' })
})

test('an answer with rows that are not those it announces is marked as forged, one with a failed query is not', () => {
  const isForged = (...parts: Part[]) => {
    const opened = open(...parts)
    return opened.kind === 'answer' && opened.isForged
  }
  const rows = [{ a: '1' }]
  expect(isForged({ name: 'q', rows }, { name: 'r', status: 'failed', raw: '' })).toBe(false)
  expect(isForged({ name: 'q', rows, digest: sha256('other') })).toBe(true)
  expect(isForged({ name: 'q', rows, count: 2 })).toBe(true)
  expect(isForged({ name: 'q', raw: '[{"a":' })).toBe(true)
})

test('a bomb of millions of tiny rows costs no more than its bytes', () => {
  let kind = ''
  const bomb = () => {
    kind = open({ name: 'q', raw: `[${'{},'.repeat(8_000_000)}{}]` }).kind
  }
  expect(cpuMilliseconds(bomb)).toBeLessThan(2_000)
  expect(kind).toBe('broken')
})
