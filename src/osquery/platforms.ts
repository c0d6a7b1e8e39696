import type { Platform } from './pack.ts'

const PLATFORMS: readonly Platform[] = ['linux', 'darwin', 'windows']

/**
 * Whether osquery on a platform runs what is for `text`: a search for a part of the word, in which case counts (osquery,
 * core/system.cpp, `checkPlatform`).
 */
function fits(text: string, platform: Platform): boolean {
  const has = (word: string) => text.includes(word)
  if (text === '' || text === 'null' || has('any') || has('all')) return true
  if (platform === 'linux' && (has('ubuntu') || has('centos'))) return true
  if (platform !== 'windows' && has('posix')) return true
  return has(platform)
}

/**
 * The platforms that fit all of the texts, such as those of a pack and of its query. What is not a text does not count.
 * `[]`: every platform; `null`: none.
 */
export function commonPlatforms(values: readonly unknown[]): readonly Platform[] | null {
  const texts = values.filter(value => typeof value === 'string')
  const common = PLATFORMS.filter(platform => texts.every(text => fits(text, platform)))
  if (common.length === 0) return null
  return common.length === PLATFORMS.length ? [] : common
}
