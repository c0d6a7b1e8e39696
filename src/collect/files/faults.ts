import { relative } from 'node:path'
import { count, number } from '../../text/phrases.ts'
import { sanitize } from '../../text/sanitize.ts'
import { FileFault } from './lines.ts'

/** A report lists this many faults, and counts the others. */
const MAX_LISTED = 20

/** What could not be read, and how many hosts are lost with it at least. */
export function faultList(workspace: string) {
  const listed: string[] = []
  let total = 0
  let lostHosts = 0
  const lossyFiles = new Set<string>()

  function add(path: string, line: number | null, message: string): void {
    total++
    if (listed.length < MAX_LISTED)
      listed.push(`files: ${placeOf(workspace, path, line)}: ${sanitize(message, 300)}.`)
  }
  return {
    /** A file, or a place in it, that may have named any host: one host counts as lost for each file. */
    addFile(path: string, error: unknown, line: number | null = null): void {
      const fault = error instanceof FileFault ? error : null
      add(
        path,
        fault?.line ?? line,
        fault?.message ?? (error instanceof Error ? error.message : String(error))
      )
      if (!lossyFiles.has(path)) lostHosts++
      lossyFiles.add(path)
    },
    /** The line of a host, or one that so many hosts depend on. */
    addHosts(path: string, line: number, hosts: number, message: string): void {
      add(path, line, message)
      lostHosts += hosts
    },
    /** A line whose loss is counted with its host. */
    addLine(path: string, line: number | null, message: string): void {
      add(path, line, message)
    },
    get lostHosts(): number {
      return lostHosts
    },
    /** One sentence for each fault. */
    notices(): string[] {
      const others = total - listed.length
      return others === 0
        ? listed
        : [...listed, `files: ${count(others, 'more place')} could not be read (${number(total)} in all).`]
    }
  }
}

export type FaultList = ReturnType<typeof faultList>

/** A place in a file, for people. */
export function placeOf(workspace: string, path: string, line: number | null): string {
  const name = sanitize(relative(workspace, path) || path, 200)
  return line === null ? name : `${name}, line ${number(line)}`
}
