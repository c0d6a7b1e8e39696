import type { Targets } from '../../inputs/targets.ts'
import type { Shell } from '../script/shell.ts'
import { POWERSHELL_DOCUMENT } from './send.ts'
import type { SsmSession } from './session.ts'

/** What the first command of a run is. */
export interface FirstCommand {
  readonly shell: Shell
  readonly targets: Targets
  /** Hosts of the targets that it is not for. */
  readonly others: readonly string[]
}

/** How long a run waits to learn which hosts run Windows (milliseconds). */
const PLATFORM_WAIT = 30_000

/**
 * The first command of a run, for the shell that most hosts have. AWS-RunPowerShellScript is for Windows and Linux, and
 * SSM would send it to hosts without PowerShell: only hosts that SSM calls Windows hosts are sent it. The hosts of a
 * resource group are not known before it is sent.
 * @throws Error if no query is for hosts of the document, or SSM does not say which hosts run Windows
 */
export async function firstCommand(session: SsmSession): Promise<FirstCommand> {
  const { request, agents } = session
  const { targets } = request
  const shell = shellOf(session)
  if (shell === 'posix') return { shell, targets, others: [] }
  const known = await agents.wait(PLATFORM_WAIT)
  if (known === null) {
    if (agents.needsIds) return { shell, targets, others: [] }
    throw new Error(
      `${agents.failure() ?? 'ssm:DescribeInstanceInformation gave no answer in time.'} ` +
        `${POWERSHELL_DOCUMENT.DocumentName} also runs on Linux, so nothing was sent: SSM must say which hosts run Windows.`
    )
  }
  const hosts = targets.kind === 'hosts' ? targets.hosts : [...known.keys()]
  if (hosts.length === 0) return { shell, targets, others: [] }
  const isOther = (host: string) => known.has(host) && known.get(host)?.platform !== 'windows'
  return {
    shell,
    targets: { kind: 'hosts', hosts: hosts.filter(host => !isOther(host)) },
    others: hosts.filter(isOther)
  }
}

function shellOf({ queries, request: { document } }: SsmSession): Shell {
  const isWindows =
    document === null ? queries.posix.length === 0 : document === POWERSHELL_DOCUMENT.DocumentName
  const shell = isWindows ? 'powershell' : 'posix'
  if (queries[shell].length > 0) return shell
  throw new Error(
    `The document ${document} is for ${isWindows ? 'Windows' : 'Linux and macOS'}, and no query of the packs is. Nothing was sent.`
  )
}
