import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { partition } from '@aws-sdk/core/client'
import { expect, test } from '@jest/globals'
import { objectUrl, s3Reader } from '../../src/aws/s3.ts'
import { ports } from '../support/aws-services.ts'

const url = (region: string, env: Record<string, string> = {}, bucket = 'bucket') =>
  objectUrl(bucket, region, 'a b/c', env).href

test.each([
  'eu-west-1',
  'us-gov-west-1',
  'cn-north-1',
  'eusc-de-east-1',
  'us-iso-east-1',
  'us-isob-east-1',
  'us-isof-south-1',
  'eu-isoe-west-1'
])('the endpoint in %s is that of its partition', region => {
  expect(url(region)).toBe(`https://bucket.s3.${region}.${partition(region).dnsSuffix}/a%20b/c`)
})

test('a bucket with dots is part of the path, because certificates do not cover it', () => {
  expect(url('eu-west-1', {}, 'my.bucket')).toBe('https://s3.eu-west-1.amazonaws.com/my.bucket/a%20b/c')
})

test('FIPS, dual-stack and other endpoints are chosen as for the AWS SDK', () => {
  const fips = { AWS_USE_FIPS_ENDPOINT: 'true' }
  const dual = { AWS_USE_DUALSTACK_ENDPOINT: 'true' }
  expect(new URL(url('us-east-1', fips)).host).toBe('bucket.s3-fips.us-east-1.amazonaws.com')
  expect(new URL(url('us-east-1', dual)).host).toBe('bucket.s3.dualstack.us-east-1.amazonaws.com')
  expect(new URL(url('us-east-1', { ...fips, ...dual })).host).toBe(
    'bucket.s3-fips.dualstack.us-east-1.amazonaws.com'
  )
  expect(url('eu-west-1', { AWS_ENDPOINT_URL_S3: 'http://localhost:9/' })).toBe(
    'http://localhost:9/bucket/a%20b/c'
  )
})

/** What a reader makes of the answers of S3, one per request; the last one is repeated. */
async function read(...answers: { status: number; body?: string; region?: string }[]) {
  const regions: string[] = []
  const server = createServer((request, response) => {
    regions.push(/\/([\w-]+)\/s3\/aws4_request/.exec(request.headers.authorization ?? '')?.[1] ?? '')
    const { status, body = '', region } = (answers.length > 1 ? answers.shift() : answers[0])!
    response.writeHead(status, region === undefined ? {} : { 'x-amz-bucket-region': region }).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const given = ports()
  const credentials = async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'secret' })
  const env = { AWS_ENDPOINT_URL_S3: endpoint }
  const object = await s3Reader(
    { bucket: 'b', prefix: '' },
    'eu-west-1',
    credentials,
    env,
    given.clock
  )('key')
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  return { object, regions, slept: given.slept }
}

test('a busy S3 is asked again', async () => {
  const { object, slept } = await read({ status: 503 }, { status: 503 }, { status: 200, body: 'text' })
  expect(object).toEqual({ text: 'text' })
  expect(slept).toEqual([500, 1_000])
  expect((await read({ status: 503 })).object).toEqual({ problem: 'S3 answered 503', isFinal: true })
})

test('a bucket in another region is followed there', async () => {
  const { object, regions } = await read({ status: 301, region: 'us-east-2' }, { status: 200, body: 'x' })
  expect([object, regions]).toEqual([{ text: 'x' }, ['eu-west-1', 'us-east-2']])
})

test('a refusal names the permission, also that for the key of the bucket', async () => {
  expect((await read({ status: 403 })).object).toEqual({
    problem: expect.stringContaining('allow the role s3:GetObject on arn:aws:s3:::b/*'),
    isFinal: false
  })
  const body = '<Error><Message>not authorized to perform: kms:Decrypt on this resource</Message></Error>'
  expect((await read({ status: 403, body })).object).toEqual({
    problem: expect.stringContaining('kms:Decrypt is denied'),
    isFinal: true
  })
  expect((await read({ status: 404 })).object).toBe(null)
})
