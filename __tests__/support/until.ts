import { setTimeout as pause } from 'node:timers/promises'

/** Waits until a condition holds; the test's own time limit ends a wait that is in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(50)
}
