import { type Child, el } from './dom.ts'

/** A heading with content that is made when it is first opened. For printing it opens, and closes again. */
export function disclosure(title: Child, open: boolean, content: () => readonly Child[]): HTMLElement {
  const element = el('details', { class: 'disclosure' }, el('summary', {}, el('h3', {}, title)))
  let made = false
  const fill = (): void => {
    if (made) return
    made = true
    element.append(...content())
  }
  element.addEventListener('toggle', () => {
    if (element.open) fill()
  })
  let openedToPrint = false
  addEventListener('beforeprint', () => {
    openedToPrint = !element.open
    fill()
    element.open = true
  })
  addEventListener('afterprint', () => {
    if (openedToPrint) element.open = false
  })
  if (open) fill()
  element.open = open
  return element
}
