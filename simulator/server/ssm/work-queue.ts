/** Runs work in order of arrival, at most `concurrency` at a time. What work throws is ignored. */
export class WorkQueue {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #waiting: (() => Promise<void>)[] = []
  #running = 0

  constructor(concurrency: number, maxWaiting = Number.POSITIVE_INFINITY) {
    this.#concurrency = concurrency
    this.#maxWaiting = maxWaiting
  }

  get isFull(): boolean {
    return this.#running >= this.#concurrency && this.#waiting.length >= this.#maxWaiting
  }

  /** Resolves when the work has ended. */
  add(work: () => Promise<void>): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push(() => work().finally(resolve))
      this.#startNext()
    })
  }

  #startNext(): void {
    if (this.#running >= this.#concurrency) return
    const work = this.#waiting.shift()
    if (work === undefined) return
    this.#running++
    work()
      .catch(() => undefined)
      .finally(() => {
        this.#running--
        this.#startNext()
      })
  }
}
