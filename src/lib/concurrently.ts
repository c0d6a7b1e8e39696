/** Runs `work` on all entries, at most `limit` at once, and yields each result when it is ready. The first error ends it. */
export async function* concurrently<T, R>(
  entries: readonly T[],
  limit: number,
  work: (entry: T) => Promise<R>
): AsyncGenerator<R> {
  const running = new Map<number, Promise<{ at: number; result: R }>>()
  let next = 0
  while (next < entries.length || running.size > 0) {
    while (next < entries.length && running.size < limit) {
      const at = next++
      const entry = entries[at]
      if (entry !== undefined)
        running.set(
          at,
          work(entry).then(result => ({ at, result }))
        )
    }
    const { at, result } = await Promise.race(running.values())
    running.delete(at)
    yield result
  }
}
