/** An osquery tarball for hosts that have none. */
export interface OsquerySource {
  /** As `uname -m` prints it. */
  readonly arch: string
  /** https, of an archive (tar, gzip) that contains `opt/osquery/bin/osqueryd`. */
  readonly url: string
  /** Hex. */
  readonly sha256: string
}

const LINE = /^([A-Za-z0-9_]{2,16})\s+(https:\/\/[!-~]{1,1000})#sha256=([0-9a-fA-F]{64})$/

/**
 * Parses the `osquery` input: `system`, or one line per architecture (as `uname -m` prints it),
 * `x86_64 https://…#sha256=HEX`. Returns the first problem.
 */
export function parseOsquerySources(
  lines: readonly string[]
): { sources: OsquerySource[] } | { problem: string } {
  if (lines.length === 0 || (lines.length === 1 && lines[0] === 'system')) return { sources: [] }
  const sources = new Map<string, OsquerySource>()
  for (const line of lines) {
    const [, arch, url, sha256] = LINE.exec(line) ?? []
    if (arch === undefined || url === undefined || sha256 === undefined || /['"\\{}]/.test(url))
      return { problem: 'must be system, or one line per architecture: x86_64 https://…#sha256=HEX' }
    if (sources.has(arch)) return { problem: `names ${arch} twice` }
    sources.set(arch, { arch, url, sha256: sha256.toLowerCase() })
  }
  return { sources: [...sources.values()] }
}
