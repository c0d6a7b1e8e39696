/** Findings like one of so much evidence that a healthy fleet shows: the tiers. Estimated; see docs/how-it-works.md. */
export const MAX_EXPECTED = { high: 1 / 16, medium: 1 / 4, low: 8 } as const

/** Whether so many findings are few enough for a tier; a hair of rounding decides nothing. */
export const isAtMost = (expected: number, tier: keyof typeof MAX_EXPECTED): boolean =>
  expected <= MAX_EXPECTED[tier] * (1 + 1e-9)
