/** What GitHub answered instead of doing what was asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** HTTP status; `null`: no answer came. */
  readonly status: number | null

  constructor(message: string, status: number | null) {
    super(message)
    this.status = status
  }
}

/** Whether what was asked may have been done though no good answer came. */
export function isUncertain(error: unknown): boolean {
  return error instanceof Refusal && (error.status === null || error.status >= 500)
}

export function reasonOf(error: unknown): string {
  if (error instanceof Refusal && error.status !== null) return `${error.status} ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
