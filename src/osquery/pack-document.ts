import { sanitize } from '../text/sanitize.ts'
import { PackError } from './pack-json.ts'

export type Fields = Readonly<Record<string, unknown>>

/** One query of a file, as it is written there. */
export interface PackEntry {
  readonly name: string
  readonly value: unknown
  /** The `platform` of the pack that it is in. */
  readonly packPlatform: unknown
}

/** The queries of a file, whatever kind of file it is. */
export interface PackDocument {
  readonly entries: readonly PackEntry[]
  /** Each as the end of a sentence that starts with the file. */
  readonly notices: readonly string[]
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The queries of an osquery pack, or of a configuration with a schedule and packs inside.
 * @throws PackError that says what the value is instead
 */
export function readPackDocument(value: unknown): PackDocument {
  if (value === undefined) throw new PackError('is empty')
  if (Array.isArray(value)) throw new PackError(`is a list; ${A_PACK}`)
  if (!isObject(value)) throw new PackError(`is not an object; ${A_PACK}`)
  if ('queries' in value) return packEntries(value)
  if ('schedule' in value || 'packs' in value) return configurationEntries(value)
  if (CONFIGURATION.some(key => key in value))
    throw new PackError('is a configuration of osqueryd without `schedule` and `packs`, so it has no queries')
  throw new PackError(`has no \`queries\`; ${A_PACK}`)
}

/** What configurations have beside queries (osquery documentation, "Configuration"). */
const CONFIGURATION = [
  'options',
  'decorators',
  'file_paths',
  'exclude_paths',
  'yara',
  'views',
  'auto_table_construction',
  'prometheus_targets'
]
/**
 * The query of a file of SQL, which is named as the file. Its comments may say where it applies and what it is for, as in
 * collections of detections: `-- platform: posix` and a sentence in the first line.
 */
export function readSqlFile(name: string, text: string): PackDocument {
  const platform = /^--[ \t]*platform:[ \t]*(\S.*?)\s*$/m.exec(text)?.[1]
  const description = /^\s*--[ \t]*(\S.*?)\s*(?:\n|$)/.exec(text)?.[1]
  return {
    entries: [{ name, value: { query: text, description, platform }, packPlatform: undefined }],
    notices: []
  }
}

const A_PACK = 'a pack is a JSON object with `queries`, by name'

function packEntries(pack: Fields): PackDocument {
  const { queries, platform, discovery, shard, version } = pack
  if (!isObject(queries)) throw new PackError(`has \`queries\` that are not an object; ${A_PACK}`)
  const notices: string[] = []
  if (Array.isArray(discovery) && discovery.length > 0)
    notices.push('its discovery queries are not run: all hosts are asked')
  if (isShard(shard)) notices.push('its shard is ignored: all hosts are asked')
  if (typeof version === 'string' && Number.parseInt(version, 10) >= 5)
    notices.push(
      `it is for osquery ${sanitize(version, 20)} or later, which is not checked: an older osquery lacks its tables`
    )
  return {
    entries: Object.entries(queries).map(([name, value]) => ({ name, value, packPlatform: platform })),
    notices
  }
}

/** A shard of 0 or 100 excludes no host. */
export function isShard(value: unknown): boolean {
  const share = Number(value)
  return value !== null && value !== '' && share > 0 && share < 100
}

/** The schedule, and the packs inside. A query that has the name of another is named as osqueryd does. */
function configurationEntries({ schedule, packs }: Fields): PackDocument {
  const entries = new Map<string, PackEntry>()
  const notices: string[] = [
    'it is a configuration of osqueryd: the queries of its schedule and of the packs inside count'
  ]
  if (isObject(schedule))
    for (const [name, value] of Object.entries(schedule))
      entries.set(name, { name, value, packPlatform: undefined })
  for (const [pack, content] of Object.entries(isObject(packs) ? packs : {})) {
    if (!isObject(content) || !isObject(content.queries)) {
      if (typeof content === 'string')
        notices.push(
          `its pack ${sanitize(pack, 60)} is in another file, ${sanitize(content, 200)}: name that file in \`packs\``
        )
      continue
    }
    const inside = packEntries(content)
    notices.push(...inside.notices.map(notice => `in its pack ${sanitize(pack, 60)}, ${notice}`))
    for (const entry of inside.entries) {
      const name = entries.has(entry.name) ? `pack_${pack}_${entry.name}` : entry.name
      entries.set(name, { ...entry, name })
    }
  }
  return { entries: [...entries.values()], notices }
}
