import { execFile } from 'node:child_process'
import { glob, realpath } from 'node:fs/promises'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { promisify } from 'node:util'
import { list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'

const run = promisify(execFile)
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
const MAX_NAMED = 3
const CHOSEN = { files: 'the hosts that judge it', previous: 'what earlier runs found' } as const

/**
 * Refuses snapshots that the checkout brought along: whoever proposes a baseline must not also bring the fleet that it
 * is judged on, nor what earlier runs found.
 * @param patterns of the input
 * @throws Error that names them
 */
export async function refuseTrackedFiles(
  input: 'files' | 'previous',
  patterns: readonly string[],
  workspace: string
): Promise<void> {
  const byFolder = new Map<string, Set<string>>()
  for (const pattern of patterns) {
    for await (const match of glob(pattern, { cwd: workspace })) {
      const path = resolve(workspace, match)
      for (const file of new Set([path, await realpath(path).catch(() => path)])) {
        const names = byFolder.get(dirname(file)) ?? new Set<string>()
        byFolder.set(dirname(file), names.add(basename(file)))
      }
    }
  }
  const tracked: string[] = []
  for (const [folder, names] of byFolder) {
    const known = await trackedNames(folder, workspace)
    for (const name of names) if (known === null || known.has(name)) tracked.push(resolve(folder, name))
  }
  if (tracked.length === 0) return
  const named = tracked.map(path => sanitize(relative(workspace, path) || path, 100))
  throw new Error(
    `${input}: ${list(named, MAX_NAMED)} came with the checkout, so this pull request could choose ${CHOSEN[input]}. ` +
      'Download snapshots to a folder outside of the checkout, such as that of `runner.temp`.'
  )
}

/** Names of the files in a folder that Git tracks; `null`: nobody can tell, and the folder is in the workspace. */
async function trackedNames(folder: string, workspace: string): Promise<ReadonlySet<string> | null> {
  const options = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', '-C', folder]
  try {
    const { stdout } = await run('git', [...options, 'ls-files', '-z'], { maxBuffer: MAX_OUTPUT_BYTES })
    return new Set(stdout.split('\0'))
  } catch (error) {
    const hasNoGit = typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
    return hasNoGit && `${folder}${sep}`.startsWith(resolve(workspace) + sep) ? null : new Set()
  }
}
