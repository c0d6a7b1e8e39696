/**
 * The processor time that `act` takes in this process, in milliseconds. Unlike the time of a clock, it does not grow with
 * what else the machine does.
 */
export function cpuMilliseconds(act: () => unknown): number {
  const before = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
