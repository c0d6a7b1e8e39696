import { escapeUnseen } from '../../json.ts'
import { button, fill } from './dom.ts'

/** A button that puts a text into the clipboard, and says so in its place. */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const element = button(label, async () => {
    const done = await copy(text())
    fill(element, done ? 'Copied' : 'Copying was refused')
    setTimeout(() => fill(element, label), 1_600)
  })
  element.className = 'copy'
  element.setAttribute('aria-live', 'polite')
  return element
}

/** JSON in which nothing is invisible, and nothing is a command to a terminal. */
export function copyableJson(value: unknown): string {
  return escapeUnseen(JSON.stringify(value, null, 2))
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

/** For pages from disk in browsers that keep the clipboard to pages from a server. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  try {
    return document.execCommand('copy')
  } finally {
    area.remove()
  }
}
