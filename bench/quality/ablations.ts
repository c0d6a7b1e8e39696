import type { Variant } from './result.ts'

/** The product with one part of its model switched off, by what is left out. */
export const ABLATIONS: Readonly<Record<string, Variant>> = {}
