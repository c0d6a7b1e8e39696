import { glob, readdir, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/**
 * Every file that a pattern matches, each once, as absolute paths in order. Folders are walked.
 * @param workspace where patterns start
 * @throws Error naming a pattern that matches nothing
 */
export async function findFiles(patterns: readonly string[], workspace: string): Promise<string[]> {
  const files = new Map<string, string>()
  for (const pattern of patterns) {
    let matches = 0
    for await (const path of glob(pattern, { cwd: workspace })) {
      matches++
      for (const file of await filesOf(resolve(workspace, path)))
        files.set(await realpath(file).catch(() => file), file)
    }
    if (matches === 0)
      throw new Error(`files: ${pattern} matches no file; patterns start at the root of the repository.`)
  }
  return [...files.values()].sort(inOrder)
}

/** A file itself, or the files in a folder and its folders. What is neither, such as a socket, is skipped. */
async function filesOf(path: string): Promise<string[]> {
  const stats = await stat(path).catch(() => null)
  if (stats === null) return [path]
  if (stats.isFile()) return [path]
  if (!stats.isDirectory()) return []
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  const nested = await Promise.all(
    entries
      .filter(({ name }) => !name.startsWith('.'))
      .map(entry =>
        entry.isSymbolicLink() ? linkedFile(join(path, entry.name)) : filesOf(join(path, entry.name))
      )
  )
  return nested.flat()
}

/** A link to a folder is not followed: it may lead back. */
async function linkedFile(path: string): Promise<string[]> {
  const stats = await stat(path).catch(() => null)
  return stats?.isFile() ? [path] : []
}

/**
 * By name, but a rotated log before the log that continues it: `a.log.2.zst`, `a.log.1`, `a.log`. Numbers count as
 * numbers.
 */
function inOrder(a: string, b: string): number {
  const [left, right] = [splitRotation(a), splitRotation(b)]
  if (left.base !== right.base) return left.base < right.base ? -1 : 1
  return right.rotation - left.rotation || (a < b ? -1 : 1)
}

function splitRotation(path: string): { readonly base: string; readonly rotation: number } {
  const match = /^(.*?)\.(\d{1,6})(?:\.zst|\.gz)?$/s.exec(path)
  return match === null ? { base: path, rotation: 0 } : { base: match[1] ?? path, rotation: Number(match[2]) }
}
