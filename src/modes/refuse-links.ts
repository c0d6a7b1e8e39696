import { lstat, readdir } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { sanitize } from '../text/sanitize.ts'

/**
 * Nothing is written through links of a checkout: whoever writes the repository would choose which file of the runner is
 * overwritten.
 * @param path absolute: a file, or a folder whose entries are checked too
 * @throws Error if the path, below the workspace, leads through a link
 */
export async function refuseLinks(path: string, workspace: string): Promise<void> {
  const root = resolve(workspace)
  const within = relative(root, path)
  if (within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within)) return
  let at = root
  for (const part of within.split(sep)) {
    at = join(at, part)
    const stats = await lstat(at).catch(() => null)
    if (stats === null) return
    if (stats.isSymbolicLink()) throw new Error(linkMessage(relative(root, at)))
  }
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  const link = entries.find(entry => entry.isSymbolicLink())
  if (link !== undefined) throw new Error(linkMessage(join(within, link.name)))
}

const linkMessage = (path: string): string =>
  `${sanitize(path, 200)} is a link: the action writes nothing through links of the repository. Remove it, or name another path.`
