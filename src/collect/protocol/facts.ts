import ipaddr from 'ipaddr.js'
import type { HostFacts, Row } from '../../snapshot/snapshot.ts'
import type { Agent } from '../ssm/agents.ts'

const NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}))*\.?$/
const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i
const WORD = /^\w[\w .,:;+()~/-]{0,119}$/
/** Containers' interfaces can be many; more than this is no host's own address. */
const MAX_ADDRESSES = 64

/** A host's facts from its reply, checked for form: what is not well-formed is left out. */
export function readFacts(
  head: ReadonlyMap<string, string>,
  facts: readonly Row[],
  addresses: readonly Row[]
): HostFacts {
  const own = facts[0] ?? {}
  const name = matching(NAME, own.hostname)
  return {
    hostname: name,
    fqdn: name?.includes('.') ? name : null,
    addresses: distinct(
      addresses
        .map(row => row.address?.split('%')[0])
        .filter(address => address !== undefined && ipaddr.isValid(address))
    ),
    macs: distinct(addresses.map(row => matching(MAC, row.mac)?.toLowerCase())),
    machineId: matching(/^[0-9a-f]{32}$/, head.get('machine-id')),
    bootId: matching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, head.get('boot-id')),
    os: matching(WORD, own.os),
    osVersion: matching(WORD, own.os_version),
    arch: matching(WORD, own.arch),
    osqueryVersion: matching(WORD, own.osquery_version),
    root: head.get('uid') === '0'
  }
}

/**
 * A host's facts without those that SSM knows to be otherwise: the name by its first label, the addresses by whether
 * the one that SSM knows is among them. Where SSM does not say, the claim stands.
 */
export function confirmedFacts(facts: HostFacts, agent: Agent | undefined): HostFacts {
  const { computerName = null, address = null } = agent ?? {}
  const label = (name: string) => name.split('.', 1)[0]?.toLowerCase()
  const nameHolds =
    computerName === null || facts.hostname === null || label(computerName) === label(facts.hostname)
  const addressesHold = address === null || facts.addresses.includes(address)
  return {
    ...facts,
    ...(nameHolds ? {} : { hostname: null, fqdn: null }),
    ...(addressesHold ? {} : { addresses: [] })
  }
}

function matching(form: RegExp, text: string | undefined): string | null {
  return text !== undefined && text.length <= 253 && form.test(text) ? text : null
}

function distinct(texts: readonly (string | null | undefined)[]): string[] {
  return [...new Set(texts.filter(text => typeof text === 'string'))].sort().slice(0, MAX_ADDRESSES)
}
