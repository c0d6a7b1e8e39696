import { el, fill } from './dom.ts'

/** Distance to the edge of the window and to the labeled element, in pixels. */
const EDGE = 8
const GAP = 6

/**
 * A tooltip with the accessible name of the element under the pointer or in focus. Screen readers have that name anyway,
 * so the tooltip is hidden from them. Escape closes it.
 */
export function tooltip(root: HTMLElement): HTMLElement {
  const element = el('div', { class: 'tooltip', 'aria-hidden': 'true' })
  element.hidden = true
  const hide = (): void => {
    element.hidden = true
  }
  const show = (event: Event): void => {
    const target = (event.target as Element).closest<HTMLElement>(
      '[role=option], [role=gridcell], [role=rowheader], [role=columnheader]'
    )
    const label = target?.getAttribute('aria-label') ?? null
    if (target === null || label === null) {
      hide()
      return
    }
    fill(element, label)
    element.hidden = false
    const at = target.getBoundingClientRect()
    const { width, height } = element.getBoundingClientRect()
    const centered = at.left + at.width / 2 - width / 2
    const rightmost = document.documentElement.clientWidth - width - EDGE
    const above = at.top - height - GAP
    element.style.left = `${Math.max(EDGE, Math.min(centered, rightmost))}px`
    element.style.top = `${above > EDGE ? above : at.bottom + GAP}px`
  }
  root.addEventListener('pointerover', show)
  root.addEventListener('focusin', show)
  root.addEventListener('pointerleave', hide)
  root.addEventListener('focusout', hide)
  addEventListener('scroll', hide, { passive: true, capture: true })
  addEventListener('keydown', event => {
    if (event.key === 'Escape') hide()
  })
  return element
}
