import * as z from 'zod'
import { parseEntry, textPattern } from '../entry.ts'
import { type DocumentEntry, entryOf, unobservable } from './entry.ts'

const attributeSchema = z.looseObject({
  type: z.string(),
  value: z.coerce.string(),
  to_ids: z
    .union([z.boolean(), z.string().transform(text => text === '1'), z.number().transform(Boolean)])
    .default(true)
})

const listSchema = z.array(z.unknown()).default([])
const eventSchema = z.looseObject({
  Attribute: listSchema,
  Object: z.array(z.looseObject({ Attribute: listSchema })).default([])
})

const mispSchema = z.union([
  z.looseObject({ Event: eventSchema }).transform(({ Event }) => [Event]),
  z
    .looseObject({ response: z.union([z.array(z.looseObject({ Event: eventSchema })), eventSchema]) })
    .transform(({ response }) => (Array.isArray(response) ? response.map(({ Event }) => Event) : [response])),
  eventSchema.refine(({ Attribute }) => Attribute.length > 0).transform(event => [event])
])

/** The indicators of a MISP event, or of several; `null` if the value is not one. Context attributes are left out. */
export function readMisp(value: unknown): DocumentEntry[] | null {
  const parsed = mispSchema.safeParse(value)
  if (!parsed.success) return null
  const attributes = parsed.data.flatMap(event => [
    ...event.Attribute,
    ...event.Object.flatMap(object => object.Attribute)
  ])
  const entries = attributes.flatMap(attribute => {
    const known = attributeSchema.safeParse(attribute)
    if (!known.success) return [{ text: 'an attribute', problem: 'it has no type and value' }]
    return known.data.to_ids ? attributeEntry(known.data.type, known.data.value) : []
  })
  return entries.length > 0
    ? entries
    : [{ text: 'a MISP event', problem: 'no attribute of it is for detection (to_ids)' }]
}

/** An attribute such as `filename|sha256` has two values, of which the second is the more exact one. */
export function attributeEntry(type: string, value: string): DocumentEntry[] {
  const text = `${type}: ${value}`
  const [first = '', second = ''] = value.split('|')
  switch (type) {
    case 'md5':
    case 'sha1':
    case 'sha256':
      return [entryOf(text, () => parseEntry(`${type}:${value}`))]
    case 'x509-fingerprint-md5':
    case 'x509-fingerprint-sha1':
    case 'x509-fingerprint-sha256':
      return [entryOf(text, () => parseEntry(`${type.slice('x509-fingerprint-'.length)}:${value}`))]
    case 'malware-sample':
      return [entryOf(text, () => parseEntry(`md5:${second}`))]
    case 'filename|md5':
    case 'filename|sha1':
    case 'filename|sha256':
      return [entryOf(text, () => parseEntry(`${type.slice('filename|'.length)}:${second}`))]
    case 'ip-src':
    case 'ip-dst':
    case 'ip-src|port':
    case 'ip-dst|port':
      return [entryOf(text, () => parseEntry(`ip:${first}`))]
    case 'domain':
    case 'hostname':
    case 'hostname|port':
      return [entryOf(text, () => parseEntry(`domain:${first}`))]
    case 'domain|ip':
      return [
        entryOf(text, () => parseEntry(`domain:${first}`)),
        entryOf(text, () => parseEntry(`ip:${second}`))
      ]
    case 'url':
    case 'uri':
    case 'link':
      return [entryOf(text, () => parseEntry(`url:${value}`))]
    case 'filename':
    case 'pattern-in-file':
    case 'text':
    case 'regkey':
    case 'user-agent':
    case 'mac-address':
    case 'windows-service-name':
    case 'windows-service-displayname':
    case 'windows-scheduled-task':
      return [entryOf(text, () => textPattern(value))]
    case 'regkey|value':
      return [entryOf(text, () => textPattern(first))]
    case 'sigma':
      return [{ text: 'Sigma rule', sigma: value }]
    default:
      return [entryOf(text, () => unobservable(type, value))]
  }
}
