import { scriptedHosts } from '../simulator/server/scripted-hosts.ts'
import { startServer } from '../simulator/server/server.ts'
import { fleetFromImages } from './collect-fleet.ts'

/** The simulated services in their own process, so that their cost does not count for the action. */
const [hosts = 2_000, images = 40, seed = 1] = process.argv.slice(2).map(Number)
const { fleet, answer } = fleetFromImages(hosts, images, seed)
const agent = scriptedHosts(answer)
const server = await startServer(fleet, {
  scripted: { hosts: new Set(fleet.hosts.map(host => host.id)), agent },
  concurrency: 50,
  latencyMs: 25,
  callsPerSecond: {
    SendCommand: 5,
    ListCommands: 10,
    ListCommandInvocations: 10,
    DescribeInstanceInformation: 10,
    GetCommandInvocation: 40
  }
})
process.send?.({ env: server.env(), hosts: fleet.hosts.map(host => host.id) })
process.on('message', message => {
  if (message === 'calls') {
    const calls = server.calls.splice(0)
    process.send?.({
      calls: calls.map(({ action, errorType }) => ({ action, errorType })),
      retaining: agent.retaining()
    })
  }
  if (message === 'end') server.close().then(() => process.exit(0))
})
