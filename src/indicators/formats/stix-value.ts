import { columnPattern, parseEntry, textPattern } from '../entry.ts'
import { type DocumentEntry, entryOf, unobservable } from './entry.ts'

/** The entry of a property of a STIX object that has a value, such as `file:hashes.'SHA-256' = '…'`. */
export function valueEntry(type: string, path: string, value: string): DocumentEntry {
  const text = `${type}:${path} = '${value}'`
  const digest = digestName(path)
  if (digest !== null)
    return entryOf(text, () =>
      /^(?:sha256|sha1|md5)$/.test(digest) ? parseEntry(`${digest}:${value}`) : unobservable(digest, value)
    )
  switch (type) {
    case 'ipv4-addr':
    case 'ipv6-addr':
      return entryOf(text, () => parseEntry(`ip:${value}`))
    case 'domain-name':
      return entryOf(text, () => parseEntry(`domain:${value}`))
    case 'url':
      return entryOf(text, () => parseEntry(`url:${value}`))
    case 'network-traffic':
      return entryOf(text, () =>
        /ref\.value$/.test(path) ? parseEntry(value) : unobservable(`${type} ${path}`, value)
      )
    case 'file':
      return entryOf(text, () =>
        /^(?:name|path|parent_directory_ref\.path)$/.test(path)
          ? textPattern(value)
          : unobservable(`file ${path}`, value)
      )
    case 'process':
      return entryOf(text, () =>
        /(?:^|\.)(?:name|command_line|cwd|path|arguments\[(?:\*|\d+)\])$/.test(path)
          ? textPattern(value)
          : unobservable(`process ${path}`, value)
      )
    case 'directory':
    case 'windows-registry-key':
    case 'mac-addr':
      return entryOf(text, () => textPattern(value))
    case 'user-account':
      return entryOf(
        text,
        () =>
          (path === 'account_login' ? columnPattern(`users.username=${value}`) : null) ??
          unobservable(`${type} ${path}`, value)
      )
    default:
      return entryOf(text, () => unobservable(type, value))
  }
}

/** `sha256` of `hashes.'SHA-256'`; `null`: the property is not a digest. */
function digestName(path: string): string | null {
  const name = /(?:^|\.)hashes\.['"]?([\w-]+)['"]?$/.exec(path)?.[1]
  return name === undefined ? null : name.toLowerCase().replace('-', '')
}
