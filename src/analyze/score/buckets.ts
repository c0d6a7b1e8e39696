/**
 * Groups places that are alike, by an open hash table over numbers; those that are like no other are left out, and each
 * group keeps the order of `places`. `hashes` are a first look; `same` decides. O(places), except for unequal hashes.
 * @param places distinct numbers, which index `hashes`
 */
export function alike(
  places: Int32Array,
  hashes: Int32Array,
  same: (a: number, b: number) => boolean
): Int32Array[] {
  const mask = slotsFor(places.length) - 1
  /** The number of the group that stands there, plus one. */
  const slots = new Int32Array(mask + 1)
  const groupOf = new Int32Array(places.length)
  const first = new Int32Array(places.length)
  const sizes = new Int32Array(places.length)
  let count = 0
  for (let at = 0; at < places.length; at++) {
    const place = places[at] ?? 0
    const hash = hashes[place] ?? 0
    let group = -1
    for (let slot = mixed(hash) & mask; ; slot = (slot + 1) & mask) {
      group = (slots[slot] ?? 0) - 1
      if (group < 0) {
        group = count++
        slots[slot] = count
        first[group] = place
        break
      }
      const known = first[group] ?? 0
      if (hashes[known] === hash && same(known, place)) break
    }
    groupOf[at] = group
    sizes[group] = (sizes[group] ?? 0) + 1
  }
  return shared(places, groupOf, sizes.subarray(0, count))
}

function shared(places: Int32Array, groupOf: Int32Array, sizes: Int32Array): Int32Array[] {
  const groups: Int32Array[] = []
  const index = new Int32Array(sizes.length).fill(-1)
  for (let group = 0; group < sizes.length; group++) {
    const size = sizes[group] ?? 0
    if (size < 2) continue
    index[group] = groups.length
    groups.push(new Int32Array(size))
    sizes[group] = 0
  }
  for (let at = 0; at < places.length; at++) {
    const group = groupOf[at] ?? 0
    const members = groups[index[group] ?? -1]
    if (members === undefined) continue
    members[sizes[group] ?? 0] = places[at] ?? 0
    sizes[group] = (sizes[group] ?? 0) + 1
  }
  return groups
}

/** Twice the places at least, and a power of two. */
const slotsFor = (places: number): number => 2 << (32 - Math.clz32(places))

const mixed = (hash: number): number => {
  const spread = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return spread ^ (spread >>> 15)
}
