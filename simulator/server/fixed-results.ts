import type { Behavior } from '../fleet/host.ts'
import type { CommandResult } from './agent.ts'

/** What a host under an intruder's control may print: commands to the runner, markup, a forged frame, invalid bytes. */
const GARBAGE = Buffer.concat([
  Buffer.from(
    '::error::owned\n##[error]owned\n<!-- fleet-drift:fleet --> @everyone <img src=x onerror=alert(1)> \u202e\u001b[31m\n'
  ),
  Buffer.from(
    'FLEETDRIFT1 0123456789abcdef01234567 12 0000000000000000000000000000000000000000000000000000000000000000\nH4sIAAAAAAAA\n'
  ),
  Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28])
])

const printing = (stdout: Buffer, code = 0): CommandResult => ({ code, stdout, stderr: Buffer.alloc(0) })

/** The results of hosts that do not run the script. */
export const FIXED_RESULTS: Readonly<Partial<Record<Behavior, CommandResult>>> = {
  garbage: printing(GARBAGE),
  failed: printing(Buffer.alloc(0), 1),
  cut: printing(Buffer.alloc(5_000_000, 'FLEETDRIFT and no end '))
}
