import { describe, expect, test } from '@jest/globals'
import { errorText, explainAwsError, isNetworkFailure, isTransient } from '../../src/aws/errors.ts'

const named = (name: string, message = 'said', more: object = {}) =>
  Object.assign(new Error(message), { name, ...more })
const status = (httpStatusCode: unknown) => ({ $metadata: { httpStatusCode } })

describe('a failure is transient', () => {
  test.each([
    ['throttled', named('ThrottlingException', '', status(400))],
    ['too many requests', named('TooManyRequestsException', '', status(400))],
    ['rate exceeded', named('RateExceeded', '', status(400))],
    ['429', named('Odd', '', status(429))],
    ['500', named('InternalServerError', '', status(500))],
    ['503', named('Odd', '', status(503))],
    ['reset', named('Error', '', { code: 'ECONNRESET' })],
    ['a name that does not resolve now', named('Error', '', { code: 'EAI_AGAIN' })],
    ['timed out', named('TimeoutError')],
    ['caused by a network failure', new Error('x', { cause: named('Error', '', { code: 'ETIMEDOUT' }) })]
  ])('when it is %s', (_name, error) => {
    expect(isTransient(error)).toBe(true)
  })

  test.each([
    ['access denied', named('AccessDeniedException', '', status(403))],
    ['a bad document', named('InvalidDocument', '', status(400))],
    ['a bug', new TypeError('x is not a function')],
    ['a status that is not a number', named('Odd', '', status('500'))],
    ['a code that is not text', named('Odd', '', { code: 11 })],
    ['not an error', 'ECONNRESET']
  ])('but not when it is %s', (_name, error) => {
    expect(isTransient(error)).toBe(false)
    expect(isNetworkFailure(error)).toBe(false)
  })
})

describe('an AWS error says what to do', () => {
  test.each([
    ['AccessDeniedException', "Allow ssm:SendCommand in the role's permissions"],
    ['UnrecognizedClientException', 'The AWS credentials are not valid'],
    ['ExpiredTokenException', 'The AWS credentials are not valid'],
    ['CredentialsProviderError', 'The AWS credentials are not valid'],
    ['InvalidDocument', 'Check the document input'],
    ['ThrottlingException', 'AWS kept throttling this account'],
    ['TimeoutError', 'The network between the runner and AWS failed']
  ])('%s', (name, advice) => {
    const message = explainAwsError(named(name, 'What AWS said.'), 'ssm:SendCommand')
    expect(message).toContain(`ssm:SendCommand failed: ${name}: What AWS said. ${advice}`)
  })

  test('an unknown one is shown unchanged', () => {
    expect(explainAwsError(named('Odd', 'words'), 'ssm:ListCommands')).toBe(
      'ssm:ListCommands failed: Odd: words.'
    )
  })
})

test('an error names no host', () => {
  const error = new Error(
    'not authorized on arn:aws:ec2:eu-west-1:1:instance/i-0123456789abcdef0, mi-0123456789abcdef0.'
  )
  expect(errorText(error)).toBe('not authorized on arn:aws:ec2:eu-west-1:1:instance/i-…, mi-…')
})

test('the text of an error is one line, short and sanitized', () => {
  const text = errorText(new Error(`a\n::error::b\u202e##[x]${'y'.repeat(5000)}`))
  expect(text).not.toMatch(/\n|\u202e|##\[/)
  expect([...text].length).toBeLessThanOrEqual(610)
  expect(errorText('just a text')).toBe('just a text')
})

test.each([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID'
])('%s on the way to AWS is a matter of NODE_EXTRA_CA_CERTS, not of thumbprints or permissions', code => {
  const error = new Error('certificate', { cause: Object.assign(new Error('x'), { code }) })
  expect(explainAwsError(error, 'ssm:SendCommand')).toMatch(
    /the file of its authority in NODE_EXTRA_CA_CERTS\.$/
  )
})
