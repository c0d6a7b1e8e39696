import { escapeUnseen } from '../../../text/escape-json.ts'
import { button, fill } from './dom.ts'

/** A button that copies a text, and confirms it in its own label. */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const element = button(label, async () => {
    const done = await copy(text())
    fill(element, done ? 'Copied' : 'Copy failed')
    setTimeout(() => fill(element, label), 1_600)
  })
  element.className = 'copy'
  element.setAttribute('aria-live', 'polite')
  return element
}

/** JSON with nothing invisible in it, and nothing that a terminal obeys. */
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

/** For pages opened from disk, in browsers that reserve the clipboard for pages from a server. */
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
