import ipaddr from 'ipaddr.js'
import type { HostFacts, Row } from '../../snapshot/snapshot.ts'

const NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}))*\.?$/
const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i
const WORD = /^\w[\w .,:;+()~/-]{0,119}$/
/** A host has few addresses of its own; container interfaces can add many. */
const MAX_ADDRESSES = 64

/** A host's facts from its reply; those that are not well-formed are left out. */
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

/** What SSM knows of a host; `null` where it does not say. */
export interface KnownFacts {
  readonly computerName: string | null
  readonly address: string | null
}

/**
 * A host's facts without those that contradict what SSM knows: a name with another first label, addresses without the
 * one that SSM knows. A claim that SSM knows nothing about is kept.
 */
export function confirmedFacts(facts: HostFacts, known: KnownFacts | undefined): HostFacts {
  const { computerName = null, address = null } = known ?? {}
  const label = (name: string) => name.split('.', 1)[0]?.toLowerCase()
  const sameName =
    computerName === null || facts.hostname === null || label(computerName) === label(facts.hostname)
  const sameAddress = address === null || facts.addresses.includes(address)
  return {
    ...facts,
    ...(sameName ? {} : { hostname: null, fqdn: null }),
    ...(sameAddress ? {} : { addresses: [] })
  }
}

function matching(form: RegExp, text: string | undefined): string | null {
  return text !== undefined && text.length <= 253 && form.test(text) ? text : null
}

function distinct(texts: readonly (string | null | undefined)[]): string[] {
  return [...new Set(texts.filter(text => typeof text === 'string'))].sort().slice(0, MAX_ADDRESSES)
}
