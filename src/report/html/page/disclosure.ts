import { type Child, el } from './dom.ts'

/** A heading that opens into what is made only then; on paper it is open. */
export function fold(title: Child, open: boolean, make: () => readonly Child[]): HTMLElement {
  const element = el('details', { class: 'fold' }, el('summary', {}, el('h3', {}, title)))
  let made = false
  const fill = (): void => {
    if (made) return
    made = true
    element.append(...make())
  }
  element.addEventListener('toggle', () => {
    if (element.open) fill()
  })
  let forPaper = false
  addEventListener('beforeprint', () => {
    forPaper = !element.open
    fill()
    element.open = true
  })
  addEventListener('afterprint', () => {
    if (forPaper) element.open = false
  })
  if (open) fill()
  element.open = open
  return element
}
